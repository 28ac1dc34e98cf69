package io.catena.stream;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Room for a stream whose bytes are needed in another order than they come; gone when closed. For use by one thread. */
public interface Spool extends Closeable {
    /** Makes room for streams. */
    @FunctionalInterface
    interface Maker {
        Spool make() throws IOException;
    }

    long sizeBytes() throws IOException;

    void write(long offset, ByteBuffer source) throws IOException;

    /** Fills {@code target}, which lies within the size. */
    void read(long offset, ByteBuffer target) throws IOException;
}
