package io.catena.agent.smapiv1.xmlrpc;

import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * Reads XML-RPC from foreign bytes. A document type, entities of its own and values nested without bound are refused; nothing is
 * ever fetched.
 */
final class XmlRpcReader {
    /** A level takes three elements, and newer parsers refuse more than 100 of them by themselves. */
    private static final int MAX_DEPTH = 24;

    private static final Pattern INTEGER = Pattern.compile("[+-]?[0-9]{1,18}");

    private final XMLStreamReader xml;

    /** Whether what the parser stands at was dealt with. */
    private boolean consumed = true;

    private XmlRpcReader(XMLStreamReader xml) {
        this.xml = xml;
    }

    /** Reads a whole document. */
    static <T> T read(byte[] bytes, Function<XmlRpcReader, T> document) {
        try {
            XMLStreamReader xml = factory().createXMLStreamReader(new ByteArrayInputStream(bytes), "UTF-8");
            XmlRpcReader reader = new XmlRpcReader(xml);
            T result = document.apply(reader);
            reader.end();
            return result;
        } catch (XMLStreamException e) {
            throw notXml(e);
        } catch (RuntimeException e) {
            if (e instanceof XmlRpcException) {
                throw e;
            }
            // The parser reports some malformed input like this.
            throw notXml(e);
        }
    }

    private static XMLInputFactory factory() {
        XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
        factory.setProperty(XMLInputFactory.IS_REPLACING_ENTITY_REFERENCES, false);
        factory.setProperty(XMLInputFactory.IS_COALESCING, true);
        return factory;
    }

    private static XmlRpcException notXml(Exception cause) {
        return new XmlRpcException("not XML: " + cause.getMessage(), cause);
    }

    XmlRpcCall call() {
        open("methodCall");
        String method = element("methodName");
        List<XmlRpcValue> params = params();
        close("methodCall");
        return new XmlRpcCall(method, params);
    }

    XmlRpcAnswer answer() {
        open("methodResponse");
        if (atStart("fault")) {
            XmlRpcAnswer fault = fault();
            close("methodResponse");
            return fault;
        }
        List<XmlRpcValue> params = params();
        close("methodResponse");
        if (params.size() != 1) {
            throw new XmlRpcException("found an answer of " + params.size() + " values, expected 1");
        }
        return XmlRpcAnswer.of(params.get(0));
    }

    private XmlRpcAnswer fault() {
        open("fault");
        Map<String, XmlRpcValue> fault = value(0).asStruct();
        close("fault");
        if (fault.get("faultCode") instanceof XmlRpcValue.Int code
                && fault.get("faultString") instanceof XmlRpcValue.Text text
                && code.number() != 0) {
            return XmlRpcAnswer.fault((int) code.number(), text.text());
        }
        throw new XmlRpcException("found a fault without a code and a text");
    }

    private List<XmlRpcValue> params() {
        List<XmlRpcValue> params = new ArrayList<>();
        if (!atStart("params")) {
            return params;
        }
        open("params");
        while (atStart("param")) {
            open("param");
            params.add(value(0));
            close("param");
        }
        close("params");
        return params;
    }

    /** A value without a type is text, and so is what is around nothing. */
    private XmlRpcValue value(int depth) {
        if (depth > MAX_DEPTH) {
            throw new XmlRpcException("values are nested more than " + MAX_DEPTH + " deep");
        }
        open("value");
        next();
        StringBuilder bare = new StringBuilder();
        while (isText()) {
            bare.append(xml.getText());
            next();
        }
        if (xml.isEndElement()) {
            close("value");
            return new XmlRpcValue.Text(bare.toString());
        }
        if (!bare.toString().isBlank()) {
            throw new XmlRpcException("found text beside an element in a value");
        }
        XmlRpcValue value = typed(depth);
        close("value");
        return value;
    }

    private XmlRpcValue typed(int depth) {
        String type = name();
        return switch (type) {
            case "string" -> new XmlRpcValue.Text(element(type));
            case "boolean" -> new XmlRpcValue.Flag(flag(element(type)));
            case "int", "i4", "i8" -> new XmlRpcValue.Int(integer(element(type)));
            case "double" -> new XmlRpcValue.Real(real(element(type)));
            case "dateTime.iso8601" -> new XmlRpcValue.Time(element(type).strip());
            case "nil" -> nil(element(type));
            case "array" -> items(depth);
            case "struct" -> struct(depth);
            default -> throw new XmlRpcException("found a value of the unknown type \"" + type + "\"");
        };
    }

    private XmlRpcValue items(int depth) {
        List<XmlRpcValue> items = new ArrayList<>();
        open("array");
        open("data");
        while (atStart("value")) {
            items.add(value(depth + 1));
        }
        close("data");
        close("array");
        return new XmlRpcValue.Items(items);
    }

    private XmlRpcValue struct(int depth) {
        Map<String, XmlRpcValue> members = new LinkedHashMap<>();
        open("struct");
        while (atStart("member")) {
            open("member");
            String name = element("name");
            if (members.put(name, value(depth + 1)) != null) {
                throw new XmlRpcException("found two members called \"" + name + "\"");
            }
            close("member");
        }
        close("struct");
        return new XmlRpcValue.Struct(members);
    }

    private static XmlRpcValue nil(String content) {
        if (!content.isBlank()) {
            throw new XmlRpcException("found text in nil");
        }
        return XmlRpcValue.nil();
    }

    private static boolean flag(String text) {
        return switch (text.strip()) {
            case "1", "true" -> true;
            case "0", "false" -> false;
            default -> throw new XmlRpcException("found a boolean that is neither 0 nor 1");
        };
    }

    private static long integer(String text) {
        if (!INTEGER.matcher(text.strip()).matches()) {
            throw new XmlRpcException("found an integer that is none");
        }
        return Long.parseLong(text.strip());
    }

    private static double real(String text) {
        try {
            return Double.parseDouble(text.strip());
        } catch (NumberFormatException e) {
            throw new XmlRpcException("found a double that is none", e);
        }
    }

    /** Reads an element that holds text alone. */
    private String element(String name) {
        open(name);
        next();
        StringBuilder text = new StringBuilder();
        while (isText()) {
            text.append(xml.getText());
            next();
        }
        close(name);
        return text.toString();
    }

    /** Whether the next that counts is the start of an element of this name; goes there. */
    private boolean atStart(String name) {
        skipToElement();
        return xml.isStartElement() && name().equals(name);
    }

    /** Goes behind the start of an element. */
    private void open(String name) {
        if (!atStart(name)) {
            throw new XmlRpcException("found " + here() + ", expected <" + name + ">");
        }
        consumed = true;
    }

    /** Goes behind the end of an element. */
    private void close(String name) {
        skipToElement();
        if (!xml.isEndElement() || !name().equals(name)) {
            throw new XmlRpcException("found " + here() + ", expected </" + name + ">");
        }
        consumed = true;
    }

    private void next() {
        try {
            do {
                xml.next();
            } while (xml.getEventType() == XMLStreamConstants.COMMENT
                    || xml.getEventType() == XMLStreamConstants.PROCESSING_INSTRUCTION);
            consumed = false;
        } catch (XMLStreamException e) {
            throw notXml(e);
        }
        int event = xml.getEventType();
        if (event == XMLStreamConstants.DTD || event == XMLStreamConstants.ENTITY_REFERENCE) {
            throw new XmlRpcException("found a document type or an entity of its own");
        }
    }

    private void skipToElement() {
        while (consumed || !(xml.isStartElement() || xml.isEndElement())) {
            if (!consumed && isText() && !xml.isWhiteSpace()) {
                throw new XmlRpcException("found text between elements");
            }
            if (!consumed && xml.getEventType() == XMLStreamConstants.END_DOCUMENT) {
                throw new XmlRpcException("the document ends too early");
            }
            next();
        }
    }

    private void end() throws XMLStreamException {
        while (xml.hasNext()) {
            next();
        }
    }

    private boolean isText() {
        int event = xml.getEventType();
        return event == XMLStreamConstants.CHARACTERS
                || event == XMLStreamConstants.CDATA
                || event == XMLStreamConstants.SPACE;
    }

    private String name() {
        return xml.getLocalName();
    }

    private String here() {
        return (xml.isEndElement() ? "</" : "<") + name() + ">";
    }
}
