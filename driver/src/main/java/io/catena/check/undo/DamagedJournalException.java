package io.catena.check.undo;

import java.io.IOException;

/** The journal of a resize cannot be used. */
public final class DamagedJournalException extends IOException {
    private static final long serialVersionUID = 1;

    public DamagedJournalException(String message) {
        super(message);
    }
}
