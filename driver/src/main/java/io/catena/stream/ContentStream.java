package io.catena.stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** Bytes whose number and order are known before the first is written, so that who lost the rest can go on. */
public interface ContentStream {
    long lengthBytes();

    /** Writes all bytes from {@code from} on. */
    void writeTo(WritableByteChannel target, long from) throws IOException;

    /** Writes all that remains. */
    static void writeFully(WritableByteChannel target, ByteBuffer source) throws IOException {
        while (source.hasRemaining()) {
            target.write(source);
        }
    }
}
