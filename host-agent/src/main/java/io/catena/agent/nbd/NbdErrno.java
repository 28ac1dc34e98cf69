package io.catena.agent.nbd;

/** The results of a request: the protocol's error numbers, as far as this server uses them. */
enum NbdErrno {
    OK(0),
    EPERM(1),
    EIO(5),
    ENOMEM(12),
    EINVAL(22),
    ENOSPC(28),
    ENOTSUP(95);

    /** How the JDK words ENOSPC; it gives the text of strerror(3) and no number. */
    private static final String NO_SPACE = "No space left on device";

    private final int number;

    NbdErrno(int number) {
        this.number = number;
    }

    /** The number on the wire. */
    int number() {
        return number;
    }

    /** Returns what to tell the client of a failure of the device: ENOSPC if that is the cause, else EIO. */
    static NbdErrno of(Exception failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = cause.getMessage();
            if (message != null && message.contains(NO_SPACE)) {
                return ENOSPC;
            }
        }
        return EIO;
    }
}
