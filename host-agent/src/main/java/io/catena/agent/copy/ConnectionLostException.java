package io.catena.agent.copy;

import java.io.IOException;

/** The way to another agent broke off: what was sent counts for nothing, and may be sent again. */
final class ConnectionLostException extends IOException {
    private static final long serialVersionUID = 1L;

    ConnectionLostException(String message) {
        super(message);
    }

    ConnectionLostException(String message, Throwable cause) {
        super(message, cause);
    }
}
