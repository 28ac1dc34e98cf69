package io.catena.sr.live;

import java.io.IOException;
import java.io.Serial;

/** Tells that a disk or its files were used or changed while garbage collection worked on them. Nothing is wrong with them. */
public final class ChangedMeanwhileException extends IOException {
    @Serial
    private static final long serialVersionUID = 1;

    public ChangedMeanwhileException(String message) {
        super(message);
    }
}
