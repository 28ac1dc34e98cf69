package io.catena.format;

import java.io.IOException;

/** A VHD file is sound but must not be opened, or uses what this driver does not know. The message says what to do. */
public final class UnsupportedVhdException extends IOException {
    private static final long serialVersionUID = 1;

    public UnsupportedVhdException(String file, String problem) {
        super(file + ": " + problem);
    }
}
