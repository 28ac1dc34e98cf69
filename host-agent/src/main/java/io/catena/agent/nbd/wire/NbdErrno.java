package io.catena.agent.nbd.wire;

/** The results of a request: the protocol's error numbers, as far as this server uses them. */
public enum NbdErrno {
    OK(0, "done"),
    EPERM(1, "the export is read-only"),
    EIO(5, "the disk failed; the agent's log says why"),
    ENOMEM(12, "the server is short of buffers, try again"),
    EINVAL(22, "the request is unknown, larger than 32 MiB, or reaches beyond the end of the disk"),
    ENOSPC(28, "there is no room left for the disk"),
    ENOTSUP(95, "this would not be fast");

    /** How the JDK words ENOSPC; it gives the text of strerror(3) and no number. */
    private static final String NO_SPACE = "No space left on device";

    private final int number;
    private final String text;

    NbdErrno(int number, String text) {
        this.number = number;
        this.text = text;
    }

    /** The number on the wire. */
    public int number() {
        return number;
    }

    /** What a client may know of the reason: nothing of this host. */
    public String text() {
        return text;
    }

    /** Returns what to tell the client of a failure of the device: ENOSPC if that is the cause, else EIO. */
    public static NbdErrno of(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = cause.getMessage();
            if (message != null && message.contains(NO_SPACE)) {
                return ENOSPC;
            }
        }
        return EIO;
    }
}
