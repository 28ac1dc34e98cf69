package io.catena.stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Optional;

/** Bytes whose number and order are known before the first is written, so that who lost the rest can go on. */
public interface ContentStream {
    long lengthBytes();

    /** Returns what is the same for the same bytes of a disk that is not written; empty if that is not known. */
    default Optional<String> identity() {
        return Optional.empty();
    }

    /** Writes all bytes from {@code from} on. */
    void writeTo(WritableByteChannel target, long from) throws IOException;

    /** Writes all that remains. */
    static void writeFully(WritableByteChannel target, ByteBuffer source) throws IOException {
        while (source.hasRemaining()) {
            target.write(source);
        }
    }
}
