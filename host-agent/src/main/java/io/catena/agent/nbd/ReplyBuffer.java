package io.catena.agent.nbd;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * Replies on their way to a client.
 *
 * <p>Small ones are collected and sent together. A reply with a large payload is sent alone, its header just before a
 * page, so that its payload starts at the page: from there the copies are fast (see {@link AlignedBuffers}). A collection
 * starts at byte 16 of a page for the same reason: there the first payload of a usual size is at 32, the second at 48.
 *
 * <p><b>Threads.</b> For one thread.
 */
final class ReplyBuffer implements AutoCloseable {
    /** Payloads from this size on are sent alone. */
    static final int LARGE_PAYLOAD_BYTES = 32 << 10;

    private static final int COLLECTION_START = 16;
    private static final int LARGE_START = AlignedBuffers.PAGE_BYTES - NbdProtocol.SIMPLE_REPLY_BYTES;

    private final WritableByteChannel target;
    private final AlignedBuffers buffers;

    /** Null if there is nothing to send: an idle connection needs no buffer. */
    private AlignedBuffers.@Nullable Lease lease;

    private int start;

    ReplyBuffer(WritableByteChannel target, AlignedBuffers buffers) {
        this.target = target;
        this.buffers = buffers;
    }

    /**
     * Returns the place for the payload of the next reply; {@link #add} has to follow.
     *
     * @throws BufferShortageException if there is no buffer for a payload of this size; {@link #add} may follow, with an
     *     error
     */
    ByteBuffer payload(int lengthBytes) throws IOException {
        ByteBuffer bytes = lengthBytes >= LARGE_PAYLOAD_BYTES ? startLarge(lengthBytes) : room(lengthBytes);
        return bytes.slice(bytes.position() + NbdProtocol.SIMPLE_REPLY_BYTES, lengthBytes);
    }

    private ByteBuffer startLarge(int lengthBytes) throws IOException {
        flush();
        return startAt(LARGE_START, lengthBytes);
    }

    private ByteBuffer room(int payloadBytes) throws IOException {
        int neededBytes = NbdProtocol.SIMPLE_REPLY_BYTES + payloadBytes;
        if (lease != null && lease.bytes().remaining() < neededBytes) {
            flush();
        }
        return lease != null ? lease.bytes() : startAt(COLLECTION_START, AlignedBuffers.SMALLEST_BYTES);
    }

    private ByteBuffer startAt(int position, int capacityBytes) throws IOException {
        AlignedBuffers.Lease fresh = buffers.acquire(capacityBytes);
        lease = fresh;
        start = position;
        return fresh.bytes().position(position);
    }

    /**
     * Adds a reply.
     *
     * @param payloadBytes how much of the place that {@link #payload} returned is to be sent; not looked at for an error
     */
    void add(long cookie, NbdErrno result, int payloadBytes) throws IOException {
        ByteBuffer bytes = room(0);
        bytes.putInt(NbdProtocol.SIMPLE_REPLY_MAGIC).putInt(result.number()).putLong(cookie);
        if (result == NbdErrno.OK) {
            bytes.position(bytes.position() + payloadBytes);
        }
        if (start == LARGE_START) {
            flush();
        }
    }

    /** Sends all replies. */
    void flush() throws IOException {
        if (lease == null) {
            return;
        }
        ByteBuffer bytes = lease.bytes();
        bytes.limit(bytes.position()).position(start);
        while (bytes.hasRemaining()) {
            target.write(bytes);
        }
        close();
    }

    /** Forgets what is not sent. */
    @Override
    public void close() {
        if (lease != null) {
            lease.close();
            lease = null;
        }
    }
}
