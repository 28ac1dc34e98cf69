package io.catena.agent.mirror;

import java.io.IOException;

/** The disk cannot be read for copying; that is not the copy's fault. */
final class DiskUnreadableException extends IOException {
    private static final long serialVersionUID = 1L;

    DiskUnreadableException(IOException reason) {
        super("the disk cannot be read: " + reason.getMessage(), reason);
    }
}
