package io.catena.agent.nbd;

import java.io.IOException;

/** No buffer was to be had in time. */
final class BufferShortageException extends IOException {
    private static final long serialVersionUID = 1;

    BufferShortageException(String message) {
        super(message);
    }
}
