package io.catena.store;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * An open file of bytes at offsets. Offsets and lengths are in bytes.
 *
 * <p><b>Threads.</b> Safe for use by many threads; overlapping reads and writes see each other's bytes in no defined
 * order.
 */
public interface BlockFile extends Closeable {
    /**
     * Reads bytes until {@code target} is full or the file ends; {@code target}'s position tells how many.
     */
    void read(long offset, ByteBuffer target) throws IOException;

    /** Writes all of {@code source}; the file grows if it must, and what lies between reads as zeros. */
    void write(long offset, ByteBuffer source) throws IOException;

    /** Returns the file's size. */
    long size() throws IOException;

    /** Cuts the file off, or lets it grow with zeros. */
    void truncate(long size) throws IOException;

    /**
     * Makes all bytes written so far, and the size, durable.
     *
     * @throws IOException if it fails, and from then on always: the system may have dropped the bytes, and says so only once
     */
    void sync() throws IOException;

    /** Returns what names the file in messages. */
    String name();

    /**
     * Fills {@code target}.
     *
     * @throws EOFException if the file ends before
     */
    default void readFully(long offset, ByteBuffer target) throws IOException {
        read(offset, target);
        if (target.hasRemaining()) {
            throw new EOFException(name() + " ends at byte " + size() + ", " + target.remaining()
                    + " bytes before the end of what was to be read at byte " + offset);
        }
    }
}
