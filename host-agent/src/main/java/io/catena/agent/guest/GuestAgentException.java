package io.catena.agent.guest;

/** Says why the agent program inside a guest did not do what it was asked. */
public final class GuestAgentException extends Exception {
    private static final long serialVersionUID = 1;

    /** How it did not. */
    public enum Kind {
        /** There is none, so nothing was asked. */
        ABSENT,
        /** Somebody else froze the guest, who will thaw it. */
        HELD,
        /** It gave no answer in time; it may still do what it was asked, whenever it comes to it. */
        SILENT,
        /** It answered that it does not. */
        REFUSED
    }

    private final Kind kind;

    public GuestAgentException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    public GuestAgentException(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
