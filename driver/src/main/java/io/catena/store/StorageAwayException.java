package io.catena.store;

import java.io.IOException;

/** The directory of a storage is not there, or is another one: its file system may not be mounted. Nothing is lost by that. */
public final class StorageAwayException extends IOException {
    private static final long serialVersionUID = 1;

    public StorageAwayException(String message) {
        super(message);
    }
}
