package io.catena.agent.control.client;

import java.io.IOException;

/** The connection to an agent broke off, or there was none: the agent has ended, say. */
public final class LostConnectionException extends IOException {
    private static final long serialVersionUID = 1L;

    private final boolean isWhole;

    /**
     * @param isWhole whether the whole request went out, so that it may have been done
     */
    LostConnectionException(String message, boolean isWhole) {
        super(message);
        this.isWhole = isWhole;
    }

    LostConnectionException(IOException cause) {
        super(cause.getMessage(), cause);
        isWhole = false;
    }

    boolean isWhole() {
        return isWhole;
    }
}
