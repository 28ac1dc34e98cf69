package io.catena.agent.nbd;

import io.catena.agent.nbd.buffer.AlignedBuffers;
import io.catena.agent.nbd.buffer.BufferShare;
import io.catena.agent.nbd.buffer.BufferShortageException;
import io.catena.agent.nbd.channel.ReplyChannel;
import io.catena.agent.nbd.context.MetaContext;
import io.catena.agent.nbd.wire.NbdErrno;
import io.catena.agent.nbd.wire.NbdProtocol;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Replies on their way to a client.
 *
 * <p>Small ones are collected and sent together. A reply with a large payload is sent alone, its header just before a
 * page, so that its payload starts at the page: from there the copies are fast (see {@link AlignedBuffers}). A collection
 * starts such that its first payload is at byte 32 of a page, for the same reason: with payloads of a usual size the second
 * is at 48 then, or at 60 if replies are structured.
 *
 * <p><b>Threads.</b> For one thread.
 */
final class ReplyBuffer implements AutoCloseable {
    /** Payloads from this size on are sent alone. */
    static final int LARGE_PAYLOAD_BYTES = 32 << 10;

    /** So much is sent before all is there that could be: the client can work on it meanwhile. */
    private static final int SENT_BYTES = 32 << 10;

    /** In a chunk: length (32 bits), state (32 bits). */
    private static final int EXTENT_BYTES = 8;

    /** In a chunk: error (32 bits), length of a text (16 bits); the text follows. */
    private static final int ERROR_BYTES = 6;

    /** Room for any reply without data, if there is no buffer. */
    private static final int MAKESHIFT_BYTES = 16 << 10;

    /** Where the first payload of a collection stands in its page. */
    private static final int COLLECTED_PAYLOAD = 32;

    private final ReplyChannel target;
    private final BufferShare buffers;
    private final boolean structured;

    /** What stands before a read's payload: a simple reply, or the header of a chunk and the offset. */
    private final int payloadHeaderBytes;

    private final int largeStart;

    /** What is to be sent, from {@link #start} on; null if there is nothing: an idle connection needs no buffer. */
    private @Nullable ByteBuffer collected;

    /** Of {@link #collected}; null if that is a makeshift. */
    private AlignedBuffers.@Nullable Lease lease;

    private int start;

    /**
     * @param structured whether the client has asked for structured replies
     */
    ReplyBuffer(ReplyChannel target, BufferShare buffers, boolean structured) {
        this.target = target;
        this.buffers = buffers;
        this.structured = structured;
        this.payloadHeaderBytes =
                structured ? NbdProtocol.CHUNK_HEADER_BYTES + Long.BYTES : NbdProtocol.SIMPLE_REPLY_BYTES;
        this.largeStart = AlignedBuffers.PAGE_BYTES - payloadHeaderBytes;
    }

    /**
     * Returns the place for the payload of a read's reply; {@link #addRead} or {@link #fail} has to follow.
     *
     * @throws BufferShortageException if there is no buffer for a payload of this size; {@link #fail} may follow
     */
    ByteBuffer payload(int lengthBytes) throws IOException {
        ByteBuffer bytes =
                lengthBytes >= LARGE_PAYLOAD_BYTES ? startLarge(lengthBytes) : room(payloadHeaderBytes + lengthBytes);
        return bytes.slice(bytes.position() + payloadHeaderBytes, lengthBytes);
    }

    private ByteBuffer startLarge(int lengthBytes) throws IOException {
        flush();
        return startAt(largeStart, lengthBytes);
    }

    private ByteBuffer room(int neededBytes) throws IOException {
        ByteBuffer bytes = collected;
        if (bytes != null && bytes.remaining() < neededBytes) {
            flush();
            bytes = null;
        }
        return bytes != null ? bytes : startAt(COLLECTED_PAYLOAD - payloadHeaderBytes, AlignedBuffers.SMALLEST_BYTES);
    }

    private ByteBuffer startAt(int position, int capacityBytes) throws IOException {
        AlignedBuffers.Lease fresh = buffers.acquire(capacityBytes);
        lease = fresh;
        return begin(fresh.bytes(), position);
    }

    private ByteBuffer begin(ByteBuffer bytes, int position) {
        collected = bytes;
        start = position;
        return bytes.position(position);
    }

    /** Room for a reply without data: that there is no buffer for it must not keep the client from its answer. */
    private ByteBuffer roomForAnswer(int neededBytes) throws IOException {
        try {
            return room(neededBytes);
        } catch (BufferShortageException e) {
            return begin(ByteBuffer.allocate(MAKESHIFT_BYTES), 0);
        }
    }

    /** Adds the reply to a read: all of the place that {@link #payload} returned. */
    void addRead(long cookie, long offset, int payloadBytes) throws IOException {
        addPiece(cookie, offset, payloadBytes, true);
    }

    /**
     * Adds a part of the reply to a read, where replies are structured: all of the place that {@link #payload} returned.
     *
     * @param last whether no part of the reply, nor an error, follows
     */
    void addPiece(long cookie, long offset, int payloadBytes, boolean last) throws IOException {
        ByteBuffer bytes = room(payloadHeaderBytes);
        if (!structured) {
            putSimple(bytes, cookie, NbdErrno.OK);
        } else if (payloadBytes > 0) {
            putChunk(bytes, NbdProtocol.CHUNK_OFFSET_DATA, cookie, Long.BYTES + payloadBytes, last);
            bytes.putLong(offset);
        } else {
            putChunk(bytes, NbdProtocol.CHUNK_NONE, cookie, 0, last);
        }
        bytes.position(bytes.position() + payloadBytes);
        flushIfLarge();
    }

    /** Adds a reply without data to a request that is never answered in chunks. */
    void addSimple(long cookie, NbdErrno result) throws IOException {
        putSimple(roomForAnswer(NbdProtocol.SIMPLE_REPLY_BYTES), cookie, result);
        flushIfLarge();
    }

    /**
     * Adds a part of the reply to a request for the block status.
     *
     * @param context the number of the metadata context
     * @param last whether no part of the reply follows
     */
    void addStatus(long cookie, int context, List<MetaContext.Status> runs, boolean last) throws IOException {
        int bodyBytes = Integer.BYTES + runs.size() * EXTENT_BYTES;
        ByteBuffer bytes = roomForAnswer(NbdProtocol.CHUNK_HEADER_BYTES + bodyBytes);
        putChunk(bytes, NbdProtocol.CHUNK_BLOCK_STATUS, cookie, bodyBytes, last);
        bytes.putInt(context);
        runs.forEach(run -> bytes.putInt((int) run.lengthBytes()).putInt(run.flags()));
    }

    /** Adds the reply to a request that failed, with the reason in words where they have a place. */
    void fail(Request request, NbdErrno why) throws IOException {
        if (structured && request.command().hasStructuredReply()) {
            byte[] text = why.text().getBytes(StandardCharsets.UTF_8);
            int bodyBytes = ERROR_BYTES + text.length;
            ByteBuffer bytes = roomForAnswer(NbdProtocol.CHUNK_HEADER_BYTES + bodyBytes);
            putChunk(bytes, NbdProtocol.CHUNK_ERROR, request.cookie(), bodyBytes, true);
            bytes.putInt(why.number()).putShort((short) text.length).put(text);
            flushIfLarge();
        } else {
            addSimple(request.cookie(), why);
        }
    }

    private static void putSimple(ByteBuffer bytes, long cookie, NbdErrno result) {
        bytes.putInt(NbdProtocol.SIMPLE_REPLY_MAGIC).putInt(result.number()).putLong(cookie);
    }

    private static void putChunk(ByteBuffer bytes, int type, long cookie, int bodyBytes, boolean last) {
        bytes.putInt(NbdProtocol.STRUCTURED_REPLY_MAGIC)
                .putShort((short) (last ? NbdProtocol.CHUNK_DONE : 0))
                .putShort((short) type)
                .putLong(cookie)
                .putInt(bodyBytes);
    }

    private void flushIfLarge() throws IOException {
        if (start == largeStart || (collected != null && collected.position() - start >= SENT_BYTES)) {
            flush();
        }
    }

    /** Sends all replies. */
    void flush() throws IOException {
        ByteBuffer bytes = collected;
        if (bytes == null) {
            return;
        }
        bytes.limit(bytes.position()).position(start);
        target.send(bytes);
        close();
    }

    /** Forgets what is not sent. */
    @Override
    public void close() {
        collected = null;
        if (lease != null) {
            lease.close();
            lease = null;
        }
    }
}
