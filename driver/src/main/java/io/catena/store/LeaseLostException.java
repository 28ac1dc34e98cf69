package io.catena.store;

import java.io.IOException;

/** The right to change a storage is lost: somebody else may have it by now. */
public final class LeaseLostException extends IOException {
    private static final long serialVersionUID = 1;

    public LeaseLostException(String message) {
        super(message);
    }
}
