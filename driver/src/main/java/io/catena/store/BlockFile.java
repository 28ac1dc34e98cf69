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
    /** How many zeros {@link #punchHole} writes at a time. */
    int ZEROS_BYTES = 1 << 20;

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
     * Makes bytes zero, and gives their space back to the file system if {@link #punchesHoles}; else writes zeros. The
     * file keeps its size. Durable like a write: after the next {@link #sync}.
     */
    default void punchHole(long offset, long lengthBytes) throws IOException {
        long end = Math.min(offset + lengthBytes, size());
        ByteBuffer zeros = ByteBuffer.allocate((int) Math.max(0, Math.min(end - offset, ZEROS_BYTES)));
        for (long at = offset; at < end; at += zeros.limit()) {
            write(at, zeros.position(0).limit((int) Math.min(zeros.capacity(), end - at)));
        }
    }

    /** Whether {@link #punchHole} gives space back, and so is faster than writing. May change to false at the first try. */
    default boolean punchesHoles() {
        return false;
    }

    /** What {@link #takeFrom} did. */
    enum Taken {
        /** Both files have the same bytes on disk now, and nothing was written. */
        SHARED,
        /** The bytes were written, but did not pass through this process. */
        COPIED,
        /** Nothing: all of the bytes are a hole. */
        HOLE,
        /** Nothing: this is not possible for these files or these bytes. */
        REFUSED
    }

    /**
     * Takes over bytes from another file without their passing through this process, if that is possible. Durable like a
     * write.
     */
    default Taken takeFrom(BlockFile source, long sourceOffset, long offset, long lengthBytes) throws IOException {
        return Taken.REFUSED;
    }

    /**
     * Has bytes that were written taken from the system's cache to the disk, and waits for that, if it is possible: so that
     * the next {@link #sync} finds little to do. It makes nothing durable.
     *
     * @return false if nothing was done, since it is not possible
     * @throws IOException if it fails; then {@link #sync} does from then on
     */
    default boolean writeOut(long offset, long lengthBytes) throws IOException {
        return false;
    }

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
