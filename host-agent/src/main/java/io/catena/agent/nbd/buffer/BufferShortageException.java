package io.catena.agent.nbd.buffer;

import java.io.IOException;

/** No buffer was to be had in time. */
public final class BufferShortageException extends IOException {
    private static final long serialVersionUID = 1;

    public BufferShortageException(String message) {
        super(message);
    }
}
