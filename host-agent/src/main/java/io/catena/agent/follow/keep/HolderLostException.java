package io.catena.agent.follow.keep;

import java.io.IOException;

/** That it is not known what became of a request: the host that serves the disk answers no more, or has lost the SR. */
public final class HolderLostException extends IOException {
    private static final long serialVersionUID = 1;

    public HolderLostException(String message, Throwable cause) {
        super(message, cause);
    }
}
