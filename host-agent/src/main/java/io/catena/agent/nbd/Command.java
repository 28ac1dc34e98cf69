package io.catena.agent.nbd;

/** What a request asks for. */
enum Command {
    READ,
    WRITE,
    DISCONNECT,
    FLUSH,

    /** A command this server does not offer. */
    UNKNOWN;

    /** Returns the command of a number on the wire. */
    static Command of(int number) {
        return switch (number) {
            case 0 -> READ;
            case 1 -> WRITE;
            case 2 -> DISCONNECT;
            case 3 -> FLUSH;
            default -> UNKNOWN;
        };
    }
}
