package io.catena.agent.smapiv1.xmlrpc;

import java.nio.charset.StandardCharsets;

/**
 * Writes XML-RPC with the line breaks of Python's library, so that what compares or greps drivers' answers finds what it knows. XAPI
 * refuses attributes, so there are none.
 */
final class XmlRpcWriter {
    private static final String HEAD = "<?xml version='1.0'?>\n";

    private final StringBuilder out = new StringBuilder();

    XmlRpcWriter call(XmlRpcCall call) {
        out.append(HEAD).append("<methodCall>\n<methodName>").append(XmlText.escaped(call.method()));
        out.append("</methodName>\n<params>\n");
        for (XmlRpcValue param : call.params()) {
            param(param);
        }
        out.append("</params>\n</methodCall>\n");
        return this;
    }

    XmlRpcWriter answer(XmlRpcAnswer answer) {
        out.append(HEAD).append("<methodResponse>\n");
        if (answer.isFault()) {
            fault(answer);
        } else {
            out.append("<params>\n");
            param(answer.value());
            out.append("</params>\n");
        }
        out.append("</methodResponse>\n\n");
        return this;
    }

    byte[] bytes() {
        return out.toString().getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return out.toString();
    }

    private void fault(XmlRpcAnswer answer) {
        out.append("<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n<value><int>")
                .append(answer.faultCode())
                .append("</int></value>\n</member>\n<member>\n<name>faultString</name>\n<value><string>")
                .append(XmlText.escaped(answer.faultText()))
                .append("</string></value>\n</member>\n</struct></value>\n</fault>\n");
    }

    private void param(XmlRpcValue value) {
        out.append("<param>\n");
        value(value);
        out.append("</param>\n");
    }

    private void value(XmlRpcValue value) {
        out.append("<value>");
        if (value instanceof XmlRpcValue.Text text) {
            tagged("string", text.text());
        } else if (value instanceof XmlRpcValue.Flag flag) {
            tagged("boolean", flag.flag() ? "1" : "0");
        } else if (value instanceof XmlRpcValue.Int number) {
            tagged("int", Long.toString(number.number()));
        } else if (value instanceof XmlRpcValue.Real number) {
            tagged("double", Double.toString(number.number()));
        } else if (value instanceof XmlRpcValue.Time time) {
            tagged("dateTime.iso8601", time.iso());
        } else if (value instanceof XmlRpcValue.Items items) {
            out.append("<array><data>\n");
            items.items().forEach(this::value);
            out.append("</data></array>");
        } else if (value instanceof XmlRpcValue.Struct struct) {
            out.append("<struct>\n");
            struct.members().forEach(this::member);
            out.append("</struct>");
        } else {
            out.append("<nil/>");
        }
        out.append("</value>\n");
    }

    private void member(String name, XmlRpcValue value) {
        out.append("<member>\n<name>").append(XmlText.escaped(name)).append("</name>\n");
        value(value);
        out.append("</member>\n");
    }

    private void tagged(String tag, String content) {
        out.append('<').append(tag).append('>').append(XmlText.escaped(content));
        out.append("</").append(tag).append('>');
    }
}
