package io.catena.agent.nbd;

import io.catena.agent.nbd.buffer.AlignedBuffers;
import io.catena.agent.nbd.buffer.BufferShare;
import io.catena.agent.nbd.channel.BusyPoll;
import io.catena.agent.nbd.channel.StallClock;
import io.catena.agent.nbd.wire.NbdProtocol;
import io.catena.agent.nbd.wire.NbdProtocolException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/**
 * What a client has sent and the server has not yet used.
 *
 * <p>It takes from the socket all that fits, so that one system call picks up many small requests. After a large payload,
 * which goes around it, it asks for no more than the next header: another large payload is likely to follow, and should
 * not pass through here either.
 *
 * <p>It is small while it waits for an idle client, and large for as long as more arrives than the small one holds.
 *
 * <p><b>Threads.</b> For one thread.
 */
final class ReceiveBuffer implements AutoCloseable {
    /** The most that {@link #await} and {@link #take} can be asked for. */
    static final int LARGEST_PIECE_BYTES = 64 << 10;

    /** What it has room for while much arrives. */
    private static final int LARGE_BYTES = 256 << 10;

    private final ReadableByteChannel source;

    /** The same, for requests that come one at a time. */
    private final BusyPoll single;

    private final BufferShare buffers;
    private AlignedBuffers.Lease lease;

    /** From position to limit: received, not used. */
    private ByteBuffer bytes;

    /** Whether the last read left no room, so that more is likely to be there. */
    private boolean wasFilled;

    private boolean large;

    private final StallClock stall = new StallClock();
    private boolean afterLargePayload;

    /** By {@link System#nanoTime}. */
    private long arrivedNanos;

    /**
     * @param source where requests and payloads come from
     * @param single reads from there, too, when one request at a time is expected
     */
    ReceiveBuffer(ReadableByteChannel source, BusyPoll single, BufferShare buffers) throws IOException {
        this.source = source;
        this.single = single;
        this.buffers = buffers;
        this.lease = buffers.acquire(AlignedBuffers.SMALLEST_BYTES);
        this.bytes = lease.bytes().limit(0);
    }

    /** How long the client has owed the rest of what it began to send. */
    StallClock stall() {
        return stall;
    }

    /** Whether {@code count} bytes are here, so that {@link #await} would not have to wait. */
    boolean has(int count) {
        return bytes.remaining() >= count;
    }

    /**
     * Waits for a request, for any time; once it has begun the client owes the rest.
     *
     * @param oneAtATime whether the client is likely to send one, and not several
     * @return false if the client sent nothing more and closed
     * @throws EOFException if the client closed after a part of it
     */
    boolean awaitRequest(boolean oneAtATime) throws IOException {
        if (!has(1)) {
            boolean begun = await(1, false, oneAtATime ? single : source);
            if (!begun) {
                return false;
            }
        }
        return await(NbdProtocol.REQUEST_BYTES);
    }

    /**
     * Waits for {@code count} bytes that the client owes.
     *
     * @return false if the client sent nothing more and closed
     * @throws EOFException if the client closed after a part of the bytes
     */
    boolean await(int count) throws IOException {
        return await(count, true, source);
    }

    private boolean await(int count, boolean owed, ReadableByteChannel from) throws IOException {
        if (has(count)) {
            return true;
        }
        int wanted =
                afterLargePayload ? Math.max(count, NbdProtocol.REQUEST_BYTES) - bytes.remaining() : Integer.MAX_VALUE;
        fit(owed);
        bytes.compact();
        if (owed) {
            stall.begin();
        }
        try {
            bytes.limit((int) Math.min((long) bytes.position() + wanted, bytes.capacity()));
            while (bytes.position() < count) {
                if (from.read(bytes) < 0) {
                    return endsCleanly(count);
                }
            }
            wasFilled = !bytes.hasRemaining() && bytes.limit() == bytes.capacity();
        } finally {
            stall.end();
            bytes.flip();
            arrivedNanos = System.nanoTime();
        }
        afterLargePayload &= count < NbdProtocol.REQUEST_BYTES;
        return true;
    }

    /** Becomes large if more is there than fits in, and small again before it waits for a client that owes nothing. */
    private void fit(boolean owed) throws IOException {
        boolean wanted = wasFilled || (large && owed);
        if (wanted == large) {
            return;
        }
        AlignedBuffers.Lease other = buffers.poll(wanted ? LARGE_BYTES : AlignedBuffers.SMALLEST_BYTES);
        if (other != null) {
            large = wanted;
            replaceBy(other);
        }
    }

    private void replaceBy(AlignedBuffers.Lease other) {
        other.bytes().put(bytes).flip();
        lease.close();
        lease = other;
        bytes = other.bytes();
    }

    private boolean endsCleanly(int count) throws EOFException {
        if (bytes.position() > 0) {
            throw new EOFException("client closed after " + bytes.position() + " of " + count + " bytes");
        }
        return false;
    }

    /** When the last of what is here had arrived, by {@link System#nanoTime}. */
    long arrivedNanos() {
        return arrivedNanos;
    }

    /** Takes a request; {@link #await} has said that it is here. */
    Request takeRequest() throws NbdProtocolException {
        return Request.decode(bytes);
    }

    /** Takes {@code count} bytes, waiting for them; they are valid until the next call of another method. */
    ByteBuffer take(int count) throws IOException {
        if (!await(count)) {
            throw new EOFException("client closed before a payload of " + count + " bytes");
        }
        ByteBuffer piece = bytes.slice(bytes.position(), count);
        bytes.position(bytes.position() + count);
        return piece;
    }

    /** Fills {@code target}, from the socket directly as far as the bytes are not here yet. */
    void takeInto(ByteBuffer target) throws IOException {
        int buffered = Math.min(bytes.remaining(), target.remaining());
        target.put(bytes.slice(bytes.position(), buffered));
        bytes.position(bytes.position() + buffered);
        stall.begin();
        try {
            while (target.hasRemaining()) {
                if (source.read(target) < 0) {
                    throw new EOFException("client closed with " + target.remaining() + " bytes of a payload missing");
                }
            }
        } finally {
            stall.end();
        }
        afterLargePayload = true;
    }

    /** Whether something follows that is here already; to be asked after a payload. */
    boolean poll() throws IOException {
        if (!has(1)) {
            bytes.clear().limit(NbdProtocol.REQUEST_BYTES);
            try {
                single.readNow(bytes);
            } finally {
                bytes.flip();
            }
        }
        return has(1);
    }

    /** Throws {@code count} bytes away, waiting for them. */
    void skip(long count) throws IOException {
        for (long left = count; left > 0; ) {
            int piece = (int) Math.min(left, LARGEST_PIECE_BYTES);
            take(piece);
            left -= piece;
        }
    }

    @Override
    public void close() {
        lease.close();
    }
}
