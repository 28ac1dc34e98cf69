package io.catena.store;

import java.nio.file.FileSystemException;

/** A name leads through a link, or through something else that is no directory, or out of what may be reached. */
public final class NotConfinedException extends FileSystemException {
    private static final long serialVersionUID = 1;

    public NotConfinedException(String name, String reason) {
        super(name, null, reason);
    }
}
