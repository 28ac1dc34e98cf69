package io.catena.agent.smapiv1.xmlrpc;

/**
 * A {@code methodResponse}: a value or a fault.
 *
 * @param faultCode 0 if it is a value
 * @param faultText empty if it is a value
 * @param value {@link XmlRpcValue#nil} if it is a fault
 */
public record XmlRpcAnswer(int faultCode, String faultText, XmlRpcValue value) {
    /** Returns a value. */
    public static XmlRpcAnswer of(XmlRpcValue value) {
        return new XmlRpcAnswer(0, "", value);
    }

    /** Returns a fault. */
    public static XmlRpcAnswer fault(int code, String text) {
        return new XmlRpcAnswer(code, text, XmlRpcValue.nil());
    }

    /** Whether it is a fault. */
    public boolean isFault() {
        return faultCode != 0;
    }

    /**
     * Reads an answer.
     *
     * @throws XmlRpcException if {@code xml} is anything else
     */
    public static XmlRpcAnswer read(byte[] xml) {
        return XmlRpcReader.read(xml, XmlRpcReader::answer);
    }

    /** Returns the answer as XML, with an empty line at its end as sm's drivers have it. */
    public String text() {
        return new XmlRpcWriter().answer(this).toString();
    }
}
