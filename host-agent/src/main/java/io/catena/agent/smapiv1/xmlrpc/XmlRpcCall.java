package io.catena.agent.smapiv1.xmlrpc;

import java.util.List;

/** A {@code methodCall}. */
public record XmlRpcCall(String method, List<XmlRpcValue> params) {
    public XmlRpcCall {
        params = List.copyOf(params);
    }

    /**
     * Reads a call.
     *
     * @throws XmlRpcException if {@code xml} is anything else
     */
    public static XmlRpcCall read(byte[] xml) {
        return XmlRpcReader.read(xml, XmlRpcReader::call);
    }

    /** Returns the call as XML, in UTF-8. */
    public byte[] write() {
        return new XmlRpcWriter().call(this).bytes();
    }

    /** Returns the call as text, as a driver tells one within a value. */
    public String text() {
        return new XmlRpcWriter().call(this).toString();
    }
}
