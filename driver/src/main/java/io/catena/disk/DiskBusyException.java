package io.catena.disk;

import java.io.IOException;

/** A disk's requests under way did not end in time. Nothing has changed. */
public final class DiskBusyException extends IOException {
    private static final long serialVersionUID = 1;

    DiskBusyException(String message) {
        super(message);
    }
}
