package io.catena.agent.smapiv1.xmlrpc;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A value of XML-RPC. The words {@code as...} return what it holds.
 *
 * <p><b>Errors.</b> They throw {@link XmlRpcException} if it is of another type. <b>Threads.</b> Immutable.
 */
public sealed interface XmlRpcValue {
    /** Text, which is also what a value without a type is. */
    record Text(String text) implements XmlRpcValue {}

    /** True or false. */
    record Flag(boolean flag) implements XmlRpcValue {}

    /** An integer of any of the widths. */
    record Int(long number) implements XmlRpcValue {}

    /** A number that is no integer. */
    record Real(double number) implements XmlRpcValue {}

    /** A time as it is written: {@code 19700101T00:00:00Z}. */
    record Time(String iso) implements XmlRpcValue {}

    /** Several values. */
    record Items(List<XmlRpcValue> items) implements XmlRpcValue {
        public Items {
            items = List.copyOf(items);
        }
    }

    /** Named values, in their order. */
    record Struct(Map<String, XmlRpcValue> members) implements XmlRpcValue {
        public Struct {
            members = Collections.unmodifiableMap(new LinkedHashMap<>(members));
        }
    }

    /** Nothing. */
    record Nil() implements XmlRpcValue {}

    static XmlRpcValue nil() {
        return new Nil();
    }

    static XmlRpcValue of(String text) {
        return new Text(text);
    }

    static XmlRpcValue of(boolean flag) {
        return new Flag(flag);
    }

    /** Returns a struct of texts. */
    static XmlRpcValue of(Map<String, String> texts) {
        Map<String, XmlRpcValue> members = new LinkedHashMap<>();
        texts.forEach((name, text) -> members.put(name, new Text(text)));
        return new Struct(members);
    }

    /** Returns an array of texts. */
    static XmlRpcValue of(List<String> texts) {
        return new Items(texts.stream().map(XmlRpcValue::of).toList());
    }

    /** Returns a text or a time as it is written. */
    default String asText() {
        if (this instanceof Text value) {
            return value.text();
        }
        if (this instanceof Time value) {
            return value.iso();
        }
        throw wrong("a string");
    }

    /** Returns a flag, or what a driver's boolean is as text. */
    default boolean asFlag() {
        if (this instanceof Flag value) {
            return value.flag();
        }
        throw wrong("a boolean");
    }

    /** Returns the items of an array. */
    default List<XmlRpcValue> asItems() {
        if (this instanceof Items value) {
            return value.items();
        }
        throw wrong("an array");
    }

    /** Returns the items of an array of texts. */
    default List<String> asTexts() {
        return asItems().stream().map(XmlRpcValue::asText).toList();
    }

    /** Returns the members of a struct. */
    default Map<String, XmlRpcValue> asStruct() {
        if (this instanceof Struct value) {
            return value.members();
        }
        throw wrong("a struct");
    }

    /** Returns a member of a struct, which must have it. */
    default XmlRpcValue member(String name) {
        XmlRpcValue member = asStruct().get(name);
        if (member == null) {
            throw new XmlRpcException("found a struct without the member \"" + name + "\"");
        }
        return member;
    }

    /** Returns the members of a struct of texts. */
    default Map<String, String> asTextMap() {
        return asStruct().entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, member -> member.getValue().asText(), (a, b) -> b, LinkedHashMap::new));
    }

    private XmlRpcException wrong(String expected) {
        return new XmlRpcException("found a value of type " + getClass().getSimpleName() + ", expected " + expected);
    }
}
