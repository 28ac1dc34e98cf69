package io.catena.agent.nbd;

import io.catena.disk.BlockDevice;
import io.catena.disk.Extent;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * The second part of a connection: serves requests until the client disconnects.
 *
 * <p>Requests are executed one after another, on the thread that received them; but for reads that have to wait for the
 * disk, as {@link SlowReads} tells. Replies are held back while further requests are at hand, and sent before the thread
 * waits for the client.
 *
 * <p><b>Threads.</b> For one thread; those that it gives reads to it waits for.
 */
final class Transmission implements AutoCloseable {
    /** How often the device is asked for one block status at most; a client asks again for what is behind. */
    private static final int MOST_EXTENTS = 1024;

    /** How much of what a client will soon want is read for it at most. */
    private static final long MOST_CACHED_BYTES = 32L << 20;

    private final Agreement agreed;
    private final NbdExport export;
    private final BlockDevice device;
    private final ByteChannel client;
    private final AlignedBuffers buffers;
    private final ReceiveBuffer received;
    private final ReplyChannel replyChannel;
    private final ReplyBuffer replies;
    private final SlowReads slowReads;

    /**
     * @param readers threads for reads; refuses what it has no thread for
     */
    Transmission(Agreement agreed, ByteChannel client, AlignedBuffers buffers, Executor readers) throws IOException {
        this.agreed = agreed;
        this.export = agreed.export();
        this.device = export.device();
        this.client = client;
        this.buffers = buffers;
        this.received = new ReceiveBuffer(client, buffers);
        this.replyChannel = new ReplyChannel(client);
        this.replies = replyBuffer();
        this.slowReads = new SlowReads(readers);
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
            NbdErrno verdict = request.validate(device.sizeBytes(), agreed);
            if (verdict == NbdErrno.OK) {
                execute(request);
            } else {
                refuse(request, verdict);
            }
        }
        replies.flush();
        slowReads.awaitAll();
    }

    private boolean awaitRequest() throws IOException {
        if (!received.has(NbdProtocol.REQUEST_BYTES)) {
            replies.flush();
        }
        return received.awaitRequest();
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

    /** Relies on {@link Request#validate}. */
    private void execute(Request request) throws IOException {
        switch (request.command()) {
            case READ -> read(request);
            case WRITE -> write(request);
            case FLUSH -> replies.addSimple(request.cookie(), attempt(request, device::flush));
            case TRIM -> replies.addSimple(request.cookie(), trim(request));
            case WRITE_ZEROES -> replies.addSimple(request.cookie(), writeZeroes(request));
            case CACHE -> replies.addSimple(request.cookie(), cache(request));
            case BLOCK_STATUS -> blockStatus(request);
            case DISCONNECT, UNKNOWN -> throw new IllegalStateException("not to be executed: " + request);
        }
    }

    private void refuse(Request request, NbdErrno why) throws IOException {
        if (request.payloadBytes() > 0) {
            replies.flush();
            received.skip(request.payloadBytes());
        }
        replies.fail(request, why);
    }

    private void read(Request request) throws IOException {
        boolean several = received.has(NbdProtocol.REQUEST_BYTES) || slowReads.areUnderWay();
        if (!several || !slowReads.areToBeExpected() || !slowReads.start(() -> readAside(request))) {
            read(request, replies);
        }
    }

    private void readAside(Request request) {
        try (ReplyBuffer own = replyBuffer()) {
            read(request, own);
            own.flush();
        } catch (IOException e) {
            // The client is gone, or not to be reached; the connection's thread hears of it too, and says so.
            cut();
        }
    }

    private void read(Request request, ReplyBuffer answers) throws IOException {
        int lengthBytes = request.validLengthBytes();
        NbdErrno result;
        try {
            ByteBuffer target = answers.payload(lengthBytes);
            long start = System.nanoTime();
            result = attempt(request, () -> device.read(request.offset(), target));
            slowReads.took(System.nanoTime() - start, lengthBytes);
        } catch (BufferShortageException e) {
            result = shortage(request, e);
        }
        if (result == NbdErrno.OK) {
            answers.addRead(request.cookie(), request.offset(), lengthBytes);
        } else {
            answers.fail(request, result);
        }
    }

    private NbdErrno shortage(Request request, BufferShortageException cause) {
        NbdLog.requestFailed(export, request, NbdErrno.ENOMEM, cause);
        return NbdErrno.ENOMEM;
    }

    private void write(Request request) throws IOException {
        if (request.lengthBytes() <= ReceiveBuffer.LARGEST_PIECE_BYTES) {
            int lengthBytes = request.validLengthBytes();
            replies.addSimple(request.cookie(), write(request, takePayload(lengthBytes)));
        } else {
            writeLarge(request);
        }
    }

    private void writeLarge(Request request) throws IOException {
        replies.flush();
        AlignedBuffers.Lease lease;
        try {
            lease = buffers.acquire(request.validLengthBytes());
        } catch (BufferShortageException e) {
            refuse(request, shortage(request, e));
            return;
        }
        try (lease) {
            ByteBuffer payload = lease.bytes().limit(request.validLengthBytes());
            received.takeInto(payload);
            replies.addSimple(request.cookie(), write(request, payload.flip()));
        }
    }

    private NbdErrno write(Request request, ByteBuffer payload) {
        return attempt(request, () -> {
            device.write(request.offset(), payload);
            flushIfForced(request);
        });
    }

    private void flushIfForced(Request request) throws IOException {
        if (request.forcesUnitAccess()) {
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

    private void blockStatus(Request request) throws IOException {
        List<Extent> extents = new ArrayList<>();
        NbdErrno result = attempt(request, () -> findExtents(request, extents));
        if (result == NbdErrno.OK) {
            replies.addExtents(request.cookie(), extents);
        } else {
            replies.fail(request, result);
        }
    }

    /** Finds at least one, not necessarily all. */
    private void findExtents(Request request, List<Extent> extents) throws IOException {
        long end = request.offset() + request.lengthBytes();
        long at = request.offset();
        for (int asked = 0; at < end && asked < (request.wantsOneExtent() ? 1 : MOST_EXTENTS); asked++) {
            Extent next = device.extent(at, end - at);
            at += next.lengthBytes();
            int last = extents.size() - 1;
            if (last >= 0 && extents.get(last).allocated() == next.allocated()) {
                next = new Extent(extents.get(last).lengthBytes() + next.lengthBytes(), next.allocated());
                extents.remove(last);
            }
            extents.add(next);
        }
    }

    /** Returns what to tell the client. A defect of the device costs its clients an EIO, not their connections. */
    private NbdErrno attempt(Request request, DeviceAccess access) {
        try {
            access.run();
            return NbdErrno.OK;
        } catch (IOException | RuntimeException e) {
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
        slowReads.awaitAll();
        replies.close();
        received.close();
    }

    @FunctionalInterface
    private interface DeviceAccess {
        void run() throws IOException;
    }
}
