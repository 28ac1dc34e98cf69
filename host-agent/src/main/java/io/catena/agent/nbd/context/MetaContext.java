package io.catena.agent.nbd.context;

import java.io.IOException;

/** Tells one thing about the ranges of a disk. For use by one thread. */
public interface MetaContext {
    /** As the client has asked for it. */
    String name();

    /** Tells what holds from {@code offset} on: for one byte at least, and for {@code lengthBytes} at most. */
    Status status(long offset, long lengthBytes) throws IOException;

    /**
     * What holds for a range.
     *
     * @param flags what they mean is the context's own
     */
    record Status(long lengthBytes, int flags) {}
}
