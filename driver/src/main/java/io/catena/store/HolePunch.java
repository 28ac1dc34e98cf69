package io.catena.store;

import java.io.Closeable;
import java.io.IOException;

/**
 * Gives space of one file back to the file system. Java cannot; whoever can call fallocate(2) supplies it.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public interface HolePunch extends Closeable {
    /**
     * Makes bytes zero that then take no room; the file keeps its size.
     *
     * @param lengthBytes more than 0
     * @return false, and nothing has happened, if the file system cannot do this
     */
    boolean punch(long offset, long lengthBytes) throws IOException;

    /**
     * Takes over bytes from another file: shared if the file system can do that, else copied inside the kernel.
     *
     * @param source made by the same system calls
     */
    default BlockFile.Taken takeFrom(HolePunch source, long sourceOffset, long offset, long lengthBytes)
            throws IOException {
        return BlockFile.Taken.REFUSED;
    }

    /**
     * As {@link BlockFile#writeOut}.
     *
     * @throws IOException if bytes could not be written; nobody else is told
     */
    default boolean writeOut(long offset, long lengthBytes) throws IOException {
        return false;
    }
}
