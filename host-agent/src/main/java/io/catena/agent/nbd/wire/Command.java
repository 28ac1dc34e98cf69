package io.catena.agent.nbd.wire;

/** What a request asks for. */
public enum Command {
    READ,
    WRITE,
    DISCONNECT,
    FLUSH,
    TRIM,
    CACHE,
    WRITE_ZEROES,
    BLOCK_STATUS,

    /** A command this server does not offer. */
    UNKNOWN;

    /** Whether a client that has asked for structured replies expects one to this. */
    public boolean hasStructuredReply() {
        return this == READ || this == BLOCK_STATUS;
    }

    /** Whether it is refused where nothing may be changed. */
    public boolean changesDisk() {
        return this == WRITE || this == TRIM || this == WRITE_ZEROES;
    }

    /** Returns the command of a number on the wire. */
    public static Command of(int number) {
        return switch (number) {
            case 0 -> READ;
            case 1 -> WRITE;
            case 2 -> DISCONNECT;
            case 3 -> FLUSH;
            case 4 -> TRIM;
            case 5 -> CACHE;
            case 6 -> WRITE_ZEROES;
            case 7 -> BLOCK_STATUS;
            default -> UNKNOWN;
        };
    }
}
