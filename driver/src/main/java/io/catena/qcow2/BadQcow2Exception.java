package io.catena.qcow2;

import java.io.IOException;

/** A qcow2 image is damaged, or has what is not supported. */
public final class BadQcow2Exception extends IOException {
    private static final long serialVersionUID = 1;

    public BadQcow2Exception(String message) {
        super(message);
    }
}
