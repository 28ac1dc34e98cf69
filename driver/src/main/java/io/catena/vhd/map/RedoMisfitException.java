package io.catena.vhd.map;

import java.io.IOException;

/** A redo log tells of writes that cannot have been made to the file as it is now: somebody else changed the file since. */
public final class RedoMisfitException extends IOException {
    private static final long serialVersionUID = 1;

    RedoMisfitException(String file, String problem) {
        super(file + ": the redo log tells of " + problem
                + ", which does not fit the file; it was changed by another program after the agent died");
    }
}
