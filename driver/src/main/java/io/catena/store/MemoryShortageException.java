package io.catena.store;

import java.io.IOException;

/** A disk cannot be opened, because its map does not fit beside those of the disks that are open. */
public final class MemoryShortageException extends IOException {
    private static final long serialVersionUID = 1;

    MemoryShortageException(String message) {
        super(message);
    }
}
