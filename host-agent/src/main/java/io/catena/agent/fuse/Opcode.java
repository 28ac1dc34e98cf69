package io.catena.agent.fuse;

/** What the kernel asks of a file, as far as a disk that is a file is asked; see {@link FuseProtocol}. */
enum Opcode {
    FORGET(2),
    GETATTR(3),
    OPEN(14),
    READ(15),
    WRITE(16),
    STATFS(17),
    RELEASE(18),
    FSYNC(20),
    INIT(26),
    INTERRUPT(36),
    DESTROY(38),
    BATCH_FORGET(42),
    FALLOCATE(43),
    /** Anything else: the kernel does without it when it is told that there is no such thing. */
    OTHER(-1);

    private final int number;

    Opcode(int number) {
        this.number = number;
    }

    static Opcode of(int number) {
        for (Opcode opcode : values()) {
            if (opcode.number == number) {
                return opcode;
            }
        }
        return OTHER;
    }
}
