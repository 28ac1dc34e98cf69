package io.catena.api;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.util.Optional;

/**
 * The content of a disk as a stream, whose bytes are the same each time they are asked for. While it is open the disk cannot be
 * written or destroyed.
 *
 * <p><b>Threads.</b> For use by one thread.
 */
public interface VdiStream extends Closeable {
    /** Returns the number of bytes of the whole stream. */
    long lengthBytes();

    /**
     * Returns the same text for two streams of one disk if their bytes are the same, unless the disk was written in between;
     * empty if nobody can tell.
     */
    default Optional<String> identity() {
        return Optional.empty();
    }

    /**
     * Writes all bytes from {@code from} on.
     *
     * @throws IOException if the disk cannot be read or the target cannot be written
     */
    void writeTo(WritableByteChannel target, long from) throws IOException;
}
