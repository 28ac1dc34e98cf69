package io.catena.agent.nbd;

import io.catena.disk.BlockDevice;
import io.catena.disk.Extent;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * The second part of a connection: serves requests until the client disconnects.
 *
 * <p>Requests are executed one after another, on the thread that received them: with the data in the page cache this is
 * two to three times faster than handing them to workers. Replies are held back while further requests are at hand, and
 * sent before the thread waits for the client.
 *
 * <p><b>Threads.</b> For one thread.
 */
final class Transmission implements AutoCloseable {
    /** How often the device is asked for one block status at most; a client asks again for what is behind. */
    private static final int MOST_EXTENTS = 1024;

    /** How much of what a client will soon want is read for it at most. */
    private static final long MOST_CACHED_BYTES = 32L << 20;

    private final Agreement agreed;
    private final NbdExport export;
    private final BlockDevice device;
    private final AlignedBuffers buffers;
    private final ReceiveBuffer received;
    private final ReplyBuffer replies;

    Transmission(Agreement agreed, ByteChannel client, AlignedBuffers buffers) throws IOException {
        this.agreed = agreed;
        this.export = agreed.export();
        this.device = export.device();
        this.buffers = buffers;
        this.received = new ReceiveBuffer(client, buffers);
        this.replies = new ReplyBuffer(client, buffers, agreed.structuredReplies());
    }

    /**
     * Serves the client until it says goodbye or closes, or is cut off.
     *
     * @throws IOException if the connection fails; never if the device does, that is the client's to hear
     */
    void run() throws IOException {
        while (awaitBytes(NbdProtocol.REQUEST_BYTES)) {
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
    }

    private boolean awaitBytes(int count) throws IOException {
        if (!received.has(count)) {
            replies.flush();
        }
        return received.await(count);
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
        int lengthBytes = request.validLengthBytes();
        NbdErrno result;
        try {
            ByteBuffer target = replies.payload(lengthBytes);
            result = attempt(request, () -> device.read(request.offset(), target));
        } catch (BufferShortageException e) {
            result = shortage(request, e);
        }
        if (result == NbdErrno.OK) {
            replies.addRead(request.cookie(), request.offset(), lengthBytes);
        } else {
            replies.fail(request, result);
        }
    }

    private NbdErrno shortage(Request request, BufferShortageException cause) {
        NbdLog.requestFailed(export, request, NbdErrno.ENOMEM, cause);
        return NbdErrno.ENOMEM;
    }

    private void write(Request request) throws IOException {
        if (request.lengthBytes() <= ReceiveBuffer.LARGEST_PIECE_BYTES) {
            int lengthBytes = request.validLengthBytes();
            awaitBytes(lengthBytes);
            replies.addSimple(request.cookie(), write(request, received.take(lengthBytes)));
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

    @Override
    public void close() {
        replies.close();
        received.close();
    }

    @FunctionalInterface
    private interface DeviceAccess {
        void run() throws IOException;
    }
}
