package io.catena.disk;

/**
 * Hears of each request of a disk when it has been answered: for whoever counts or times them.
 *
 * <p><b>Threads.</b> Called by the threads that serve the disk, many at a time. Each request waits for the call, so it has
 * to be short, and must neither block nor throw.
 */
@FunctionalInterface
public interface RequestMeter {
    /** Counts nothing. */
    RequestMeter NONE = (operation, outcome, bytes, queuedNanos, processedNanos) -> {};

    /** What was asked for. */
    enum Operation {
        READ,
        WRITE,
        FLUSH,
        DISCARD,
        WRITE_ZEROES,

        /** Questions about the disk, and hints. */
        OTHER
    }

    /** What became of it. */
    enum Outcome {
        DONE,

        /** What the client asked for cannot be asked for. */
        REFUSED,

        /** The disk, or the server's means, failed. */
        FAILED
    }

    /**
     * Tells of a request.
     *
     * @param bytes its length, also if it failed; 0 where it has none
     * @param queuedNanos from when it had arrived until the server turned to it
     * @param processedNanos from then until its answer was ready to be sent
     */
    void answered(Operation operation, Outcome outcome, long bytes, long queuedNanos, long processedNanos);
}
