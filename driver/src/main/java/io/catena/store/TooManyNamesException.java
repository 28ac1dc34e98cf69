package io.catena.store;

import java.io.IOException;

/** A directory holds more names than are kept in memory, whoever made them. */
public final class TooManyNamesException extends IOException {
    private static final long serialVersionUID = 1;

    public TooManyNamesException(String message) {
        super(message);
    }
}
