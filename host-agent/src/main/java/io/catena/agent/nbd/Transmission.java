package io.catena.agent.nbd;

import io.catena.disk.BlockDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;

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
    private final NbdExport export;
    private final BlockDevice device;
    private final AlignedBuffers buffers;
    private final ReceiveBuffer received;
    private final ReplyBuffer replies;

    Transmission(NbdExport export, ByteChannel client, AlignedBuffers buffers) throws IOException {
        this.export = export;
        this.device = export.device();
        this.buffers = buffers;
        this.received = new ReceiveBuffer(client, buffers);
        this.replies = new ReplyBuffer(client, buffers);
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
            NbdErrno verdict = request.validate(device.sizeBytes(), export.readOnly());
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
            case FLUSH -> replies.add(request.cookie(), attempt(request, device::flush), 0);
            case DISCONNECT, UNKNOWN -> throw new IllegalStateException("not to be executed: " + request);
        }
    }

    private void refuse(Request request, NbdErrno why) throws IOException {
        if (request.payloadBytes() > 0) {
            replies.flush();
            received.skip(request.payloadBytes());
        }
        replies.add(request.cookie(), why, 0);
    }

    private void read(Request request) throws IOException {
        int lengthBytes = request.validLengthBytes();
        NbdErrno result;
        try {
            ByteBuffer target = replies.payload(lengthBytes);
            result = attempt(request, () -> device.read(request.offset(), target));
        } catch (BufferShortageException e) {
            NbdLog.requestFailed(export, request, NbdErrno.ENOMEM, e);
            result = NbdErrno.ENOMEM;
        }
        replies.add(request.cookie(), result, lengthBytes);
    }

    private void write(Request request) throws IOException {
        if (request.lengthBytes() <= ReceiveBuffer.LARGEST_PIECE_BYTES) {
            int lengthBytes = request.validLengthBytes();
            awaitBytes(lengthBytes);
            replies.add(request.cookie(), write(request, received.take(lengthBytes)), 0);
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
            NbdLog.requestFailed(export, request, NbdErrno.ENOMEM, e);
            refuse(request, NbdErrno.ENOMEM);
            return;
        }
        try (lease) {
            ByteBuffer payload = lease.bytes().limit(request.validLengthBytes());
            received.takeInto(payload);
            replies.add(request.cookie(), write(request, payload.flip()), 0);
        }
    }

    private NbdErrno write(Request request, ByteBuffer payload) {
        return attempt(request, () -> {
            device.write(request.offset(), payload);
            if (request.forcesUnitAccess()) {
                device.flush();
            }
        });
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
