package io.catena.agent.nbd.wire;

import java.io.IOException;

/** A client sent what the protocol does not allow and what cannot be answered; the connection has to end. */
public final class NbdProtocolException extends IOException {
    private static final long serialVersionUID = 1;

    public NbdProtocolException(String message) {
        super(message);
    }
}
