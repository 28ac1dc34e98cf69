package io.catena.sr.tree;

import java.io.IOException;

/** An operation was not begun, but its record could not be removed for sure: only recovery can tell what to do. */
public final class StuckException extends IOException {
    private static final long serialVersionUID = 1;

    StuckException(Exception cause) {
        super("an operation was not begun, but its record could not be removed: " + cause.getMessage(), cause);
    }
}
