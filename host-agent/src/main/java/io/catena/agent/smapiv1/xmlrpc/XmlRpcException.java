package io.catena.agent.smapiv1.xmlrpc;

/** Bytes that are no XML-RPC, or values of another type than expected. */
public final class XmlRpcException extends RuntimeException {
    private static final long serialVersionUID = 1;

    XmlRpcException(String message) {
        super(message);
    }

    XmlRpcException(String message, Throwable cause) {
        super(message, cause);
    }
}
