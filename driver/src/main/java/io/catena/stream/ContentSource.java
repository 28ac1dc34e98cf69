package io.catena.stream;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/** Bytes that come once, in order. For use by one thread. */
final class ContentSource {
    private static final int SCRAP_BYTES = 64 << 10;

    private final ReadableByteChannel channel;
    private final ByteBuffer scrap = ByteBuffer.allocateDirect(SCRAP_BYTES);
    private ByteBuffer givenBack = ByteBuffer.allocate(0);
    private long position;

    ContentSource(ReadableByteChannel channel) {
        this(channel, 0);
    }

    /**
     * @param position where the first byte of {@code channel} stands in the stream
     */
    ContentSource(ReadableByteChannel channel, long position) {
        this.channel = channel;
        this.position = position;
    }

    /** Returns where in the stream the next byte stands. */
    long position() {
        return position;
    }

    /** Fills {@code target} as far as there is something. */
    void read(ByteBuffer target) throws IOException {
        int before = target.position();
        while (givenBack.hasRemaining() && target.hasRemaining()) {
            target.put(givenBack.get());
        }
        while (target.hasRemaining() && channel.read(target) >= 0) {
            // Goes on until it is full.
        }
        position += target.position() - before;
    }

    /** Fills {@code target}, and makes it ready to be read. */
    ByteBuffer readFully(ByteBuffer target) throws IOException {
        read(target);
        if (target.hasRemaining()) {
            throw new EOFException("it ended after " + position + " bytes");
        }
        return target.flip();
    }

    /** Makes bytes that were just read come once more, when none are given back any more. */
    void giveBack(ByteBuffer bytes) {
        position -= bytes.remaining();
        givenBack = bytes;
    }

    /** Reads on until {@code offset}. */
    void skipTo(long offset) throws IOException {
        while (position < offset) {
            readFully(scrap.clear().limit((int) Math.min(SCRAP_BYTES, offset - position)));
        }
    }

    /** Looks whether nothing follows. */
    boolean isAtEnd() throws IOException {
        ByteBuffer next = ByteBuffer.allocate(1);
        read(next);
        if (next.hasRemaining()) {
            return true;
        }
        giveBack(next.flip());
        return false;
    }
}
