package io.catena.agent.nbd.client;

import io.catena.agent.nbd.wire.NbdErrno;
import java.io.IOException;

/** That a server has answered a request with an error; the connection goes on. */
public final class NbdErrorException extends IOException {
    private static final long serialVersionUID = 1;

    private final int error;

    NbdErrorException(String request, int error) {
        super("the server answers " + request + " with error " + error
                + (error == NbdErrno.ENOSPC.number() ? ": No space left on device" : ""));
        this.error = error;
    }

    /** Whether the server says that the disk failed, which may as well mean that it has the disk no more. */
    public boolean isOfDisk() {
        return error == NbdErrno.EIO.number();
    }
}
