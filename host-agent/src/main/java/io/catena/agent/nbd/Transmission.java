package io.catena.agent.nbd;

import io.catena.agent.nbd.aside.HandedOver;
import io.catena.agent.nbd.aside.SlowReads;
import io.catena.agent.nbd.buffer.AlignedBuffers;
import io.catena.agent.nbd.buffer.BufferShare;
import io.catena.agent.nbd.buffer.BufferShortageException;
import io.catena.agent.nbd.channel.BusyPoll;
import io.catena.agent.nbd.channel.PollingRoom;
import io.catena.agent.nbd.channel.ReplyChannel;
import io.catena.agent.nbd.context.MetaContext;
import io.catena.agent.nbd.wire.Command;
import io.catena.agent.nbd.wire.NbdErrno;
import io.catena.agent.nbd.wire.NbdProtocol;
import io.catena.disk.BlockDevice;
import io.catena.disk.RequestMeter;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The second part of a connection: serves requests until the client disconnects.
 *
 * <p>Requests are executed one after another, on the thread that received them; but for reads that have to wait for the
 * disk, as {@link SlowReads} tells, and for large reads and writes behind which another request is at hand: other threads copy
 * those while this one receives the next. Replies are held back while further requests are at hand, and sent before the
 * thread waits for the client.
 *
 * <p><b>Threads.</b> For one thread; those that it gives requests to it waits for.
 */
final class Transmission implements AutoCloseable {
    /** How often a context is asked for one block status at most; a client asks again for what is behind. */
    private static final int MOST_EXTENTS = 1024;

    /**
     * Larger payloads are received and written, or read and sent, in pieces of this size: so that a client can hold no more memory
     * for having asked for more, and works on one piece while the server works on another.
     */
    static final int PIECE_BYTES = 1 << 20;

    /** To copy so much takes several times as long as to wake another thread. */
    private static final int LARGE_BYTES = 128 << 10;

    /** After so many requests that came alone the next is expected to. */
    private static final int MANY_SINGLE = 8;

    /** How much of what a client will soon want is read for it at most. */
    private static final long MOST_CACHED_BYTES = 32L << 20;

    private final Agreement agreed;
    private final NbdExport export;
    private final BlockDevice device;
    private final ByteChannel client;
    private final BufferShare buffers;
    private final ReceiveBuffer received;
    private final ReplyChannel replyChannel;
    private final ReplyBuffer replies;
    private final SlowReads slowReads = new SlowReads();
    private final HandedOver handedOver;

    /** How many requests in a row came when all before them were answered. */
    private int single;

    /**
     * @param buffers what this client may have
     * @param polling where to ask whether to poll for requests
     * @param handedOver takes what other threads are to work on
     */
    Transmission(Agreement agreed, ByteChannel client, BufferShare buffers, PollingRoom polling, HandedOver handedOver)
            throws IOException {
        this.agreed = agreed;
        this.export = agreed.export();
        this.device = export.device();
        this.client = client;
        this.buffers = buffers;
        this.received = new ReceiveBuffer(client, new BusyPoll(client, polling), buffers);
        this.replyChannel = new ReplyChannel(client);
        this.replies = replyBuffer();
        this.handedOver = handedOver;
    }

    private ReplyBuffer replyBuffer() {
        return new ReplyBuffer(replyChannel, buffers, agreed.structuredReplies());
    }

    /**
     * Serves the client until it says goodbye or closes, or is cut off.
     *
     * @throws IOException if the connection fails; never if the device does, that is the client's to hear
     */
    void run() throws IOException {
        while (awaitRequest()) {
            Request request = received.takeRequest();
            if (request.command() == Command.DISCONNECT) {
                break;
            }
            serve(request, new Stopwatch(export.meter(), request, received.arrivedNanos()));
        }
        replies.flush();
        handedOver.awaitAll();
    }

    private void serve(Request request, Stopwatch watch) throws IOException {
        NbdErrno verdict = request.validate(device.sizeBytes(), agreed);
        if (verdict != NbdErrno.OK) {
            refuse(request, verdict);
            watch.stop(RequestMeter.Outcome.REFUSED);
        } else if (request.command() == Command.READ) {
            read(request, watch);
        } else if (request.command() == Command.WRITE && isLargePiece(request)) {
            writePiece(request, watch);
        } else {
            watch.start();
            watch.stop(execute(request));
        }
    }

    private boolean awaitRequest() throws IOException {
        if (received.has(NbdProtocol.REQUEST_BYTES)) {
            single = 0;
            return true;
        }
        replies.flush();
        handedOver.pause();
        single = handedOver.areUnderWay() ? 0 : single + 1;
        return received.awaitRequest(single > MANY_SINGLE);
    }

    private ByteBuffer takePayload(int count) throws IOException {
        if (!received.has(count)) {
            replies.flush();
        }
        return received.take(count);
    }

    /** Whether the client has let the server wait in the middle of a message for longer than {@code patience}. */
    boolean isStalled(Duration patience) {
        return received.stall().exceeds(patience) || replyChannel.stall().exceeds(patience);
    }

    /** Relies on {@link Request#validate}; returns what was answered. */
    private NbdErrno execute(Request request) throws IOException {
        return switch (request.command()) {
            case WRITE -> write(request);
            case FLUSH -> answer(request, attempt(request, device::flush));
            case TRIM -> answer(request, trim(request));
            case WRITE_ZEROES -> answer(request, writeZeroes(request));
            case CACHE -> answer(request, cache(request));
            case BLOCK_STATUS -> blockStatus(request);
            case READ, DISCONNECT, UNKNOWN -> throw new IllegalStateException("not to be executed: " + request);
        };
    }

    private NbdErrno answer(Request request, NbdErrno result) throws IOException {
        replies.addSimple(request.cookie(), result);
        return result;
    }

    private void refuse(Request request, NbdErrno why) throws IOException {
        if (request.payloadBytes() > 0) {
            replies.flush();
            received.skip(request.payloadBytes());
        }
        replies.fail(request, why);
    }

    private void read(Request request, Stopwatch watch) throws IOException {
        boolean several = received.has(NbdProtocol.REQUEST_BYTES) || handedOver.areUnderWay();
        boolean aside =
                several && (slowReads.areToBeExpected() || (isLargePiece(request) && handedOver.isBetterForCopy()));
        if (!aside || !handedOver.start(() -> readAside(request, watch))) {
            read(request, watch, replies);
        }
    }

    private void readAside(Request request, Stopwatch watch) {
        answerAside(own -> read(request, watch, own));
    }

    /** Sends an answer of its own, beside the connection's thread. */
    private void answerAside(Answer answer) {
        try (ReplyBuffer own = replyBuffer()) {
            answer.addTo(own);
            own.flush();
        } catch (IOException e) {
            // The client is gone, or not to be reached; the connection's thread hears of it too, and says so.
            cut();
        }
    }

    /** Without structured replies the whole has to be there before the client is told that it is good. */
    private void read(Request request, Stopwatch watch, ReplyBuffer answers) throws IOException {
        watch.start();
        int lengthBytes = request.validLengthBytes();
        int pieceBytes = agreed.structuredReplies() && !request.wantsOneChunk() ? PIECE_BYTES : lengthBytes;
        int doneBytes = 0;
        NbdErrno result;
        do {
            int count = Math.min(pieceBytes, lengthBytes - doneBytes);
            long offset = request.offset() + doneBytes;
            result = readPiece(request, offset, count, answers);
            doneBytes += count;
            boolean last = doneBytes == lengthBytes;
            if (last || result != NbdErrno.OK) {
                watch.stop(result);
            }
            if (result == NbdErrno.OK) {
                answers.addPiece(request.cookie(), offset, count, last);
            } else {
                answers.fail(request, result);
            }
        } while (doneBytes < lengthBytes && result == NbdErrno.OK);
    }

    private NbdErrno readPiece(Request request, long offset, int count, ReplyBuffer answers) throws IOException {
        try {
            ByteBuffer target = answers.payload(count);
            long start = System.nanoTime();
            NbdErrno result = attempt(request, () -> device.read(offset, target));
            slowReads.took(System.nanoTime() - start, count);
            return result;
        } catch (BufferShortageException e) {
            return shortage(request, e);
        }
    }

    private NbdErrno shortage(Request request, BufferShortageException cause) {
        NbdLog.requestFailed(export, request, NbdErrno.ENOMEM, cause);
        return NbdErrno.ENOMEM;
    }

    /** Whether it is worth another thread, and needs a buffer of one piece at most. */
    private static boolean isLargePiece(Request request) {
        return request.lengthBytes() >= LARGE_BYTES && request.lengthBytes() <= PIECE_BYTES;
    }

    private void writePiece(Request request, Stopwatch watch) throws IOException {
        watch.start();
        try {
            AlignedBuffers.Lease payload = receivePiece(request.validLengthBytes());
            boolean aside = handedOver.isBetterForCopy() && received.poll();
            if (!aside || !handedOver.start(() -> writeAside(request, watch, payload))) {
                writeAside(request, watch, payload);
            }
        } catch (BufferShortageException e) {
            received.skip(request.payloadBytes());
            watch.stop(answer(request, shortage(request, e)));
        }
    }

    private AlignedBuffers.Lease receivePiece(int lengthBytes) throws IOException {
        beginLarge();
        AlignedBuffers.Lease payload = acquirePiece(lengthBytes);
        try {
            received.takeInto(payload.bytes().position(0).limit(lengthBytes));
            payload.bytes().flip();
            return payload;
        } catch (IOException e) {
            payload.close();
            throw e;
        }
    }

    /** If what is under way has taken all, waits for it as long as the device takes: it is no reason to refuse this one. */
    private AlignedBuffers.Lease acquirePiece(int lengthBytes) throws IOException {
        AlignedBuffers.Lease lease = buffers.poll(lengthBytes);
        if (lease == null) {
            handedOver.awaitAll();
            lease = buffers.acquire(lengthBytes);
        }
        return lease;
    }

    private void writeAside(Request request, Stopwatch watch, AlignedBuffers.Lease payload) {
        NbdErrno result;
        try (payload) {
            result = write(request, payload.bytes());
        }
        watch.stop(result);
        answerAside(own -> own.addSimple(request.cookie(), result));
    }

    /** Beside such a copy a wake-up is nothing. */
    private void beginLarge() throws IOException {
        single = 0;
        replies.flush();
    }

    private NbdErrno write(Request request) throws IOException {
        return request.lengthBytes() > ReceiveBuffer.LARGEST_PIECE_BYTES
                ? writeInPieces(request)
                : answer(request, write(request, takePayload(request.validLengthBytes())));
    }

    private NbdErrno writeInPieces(Request request) throws IOException {
        beginLarge();
        int lengthBytes = request.validLengthBytes();
        int doneBytes = 0;
        NbdErrno result;
        try (AlignedBuffers.Lease lease = buffers.acquire(Math.min(lengthBytes, PIECE_BYTES))) {
            do {
                long offset = request.offset() + doneBytes;
                ByteBuffer piece = lease.bytes().position(0).limit(Math.min(lengthBytes - doneBytes, PIECE_BYTES));
                received.takeInto(piece);
                doneBytes += piece.flip().limit();
                result = attempt(request, () -> device.write(offset, piece));
            } while (doneBytes < lengthBytes && result == NbdErrno.OK);
        } catch (BufferShortageException e) {
            result = shortage(request, e);
        }
        received.skip(lengthBytes - doneBytes);
        return answer(request, result == NbdErrno.OK ? attempt(request, () -> flushIfForced(request)) : result);
    }

    private NbdErrno write(Request request, ByteBuffer payload) {
        return attempt(request, () -> {
            device.write(request.offset(), payload);
            flushIfForced(request);
        });
    }

    private void flushIfForced(Request request) throws IOException {
        if (request.forcesUnitAccess() || agreed.writeThrough()) {
            device.flush();
        }
    }

    private NbdErrno trim(Request request) {
        return attempt(request, () -> {
            device.discard(request.offset(), request.lengthBytes());
            flushIfForced(request);
        });
    }

    private NbdErrno writeZeroes(Request request) {
        if (request.mustBeFast() && !(request.mayDeallocate() && device.zeroesFast())) {
            return NbdErrno.ENOTSUP;
        }
        return attempt(request, () -> {
            device.writeZeroes(request.offset(), request.lengthBytes(), request.mayDeallocate());
            flushIfForced(request);
        });
    }

    /** Reads, so that the system has in memory what the client will want soon. */
    private NbdErrno cache(Request request) throws InterruptedIOException {
        long end = request.offset() + Math.min(request.lengthBytes(), MOST_CACHED_BYTES);
        try (AlignedBuffers.Lease lease = buffers.acquire(AlignedBuffers.SMALLEST_BYTES)) {
            return attempt(request, () -> {
                ByteBuffer piece = lease.bytes();
                for (long at = request.offset(); at < end; at += piece.limit()) {
                    device.read(at, piece.position(0).limit((int) Math.min(piece.capacity(), end - at)));
                }
            });
        } catch (BufferShortageException e) {
            return shortage(request, e);
        }
    }

    private NbdErrno blockStatus(Request request) throws IOException {
        List<List<MetaContext.Status>> told = new ArrayList<>();
        int mostExtents = request.wantsOneExtent() ? 1 : MOST_EXTENTS;
        NbdErrno result = attempt(request, () -> {
            for (MetaContext context : agreed.contexts()) {
                told.add(context.runs(request.offset(), request.lengthBytes(), mostExtents));
            }
        });
        if (result == NbdErrno.OK) {
            for (int i = 0; i < told.size(); i++) {
                replies.addStatus(request.cookie(), i + 1, told.get(i), i == told.size() - 1);
            }
        } else {
            replies.fail(request, result);
        }
        return result;
    }

    /** Returns what to tell the client. A defect of the device costs its clients an EIO, not their connections. */
    private NbdErrno attempt(Request request, DeviceAccess access) {
        try {
            access.run();
            return NbdErrno.OK;
        } catch (IOException | RuntimeException | Error e) {
            NbdErrno result = NbdErrno.of(e);
            NbdLog.requestFailed(export, request, result, e);
            return result;
        }
    }

    private void cut() {
        try {
            client.close();
        } catch (IOException e) {
            NbdLog.connectionEnded(export.name(), e);
        }
    }

    /** Disconnects, and waits for reads under way: they use what is given back here. */
    @Override
    public void close() {
        // First: a read of a client that takes no replies would never end.
        cut();
        handedOver.awaitAll();
        handedOver.pause();
        replies.close();
        received.close();
    }

    @FunctionalInterface
    private interface Answer {
        void addTo(ReplyBuffer replies) throws IOException;
    }

    @FunctionalInterface
    private interface DeviceAccess {
        void run() throws IOException;
    }
}
