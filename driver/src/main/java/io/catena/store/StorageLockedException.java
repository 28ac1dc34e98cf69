package io.catena.store;

import java.io.IOException;

/** Somebody else holds the storage's lock. */
public final class StorageLockedException extends IOException {
    private static final long serialVersionUID = 1;

    public StorageLockedException(String message) {
        super(message);
    }
}
