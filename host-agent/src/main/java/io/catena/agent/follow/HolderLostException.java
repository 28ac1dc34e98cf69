package io.catena.agent.follow;

import java.io.IOException;

/** That it is not known what became of a request: the host that serves the disk answers no more, or has lost the SR. */
final class HolderLostException extends IOException {
    private static final long serialVersionUID = 1;

    HolderLostException(String message, Throwable cause) {
        super(message, cause);
    }
}
