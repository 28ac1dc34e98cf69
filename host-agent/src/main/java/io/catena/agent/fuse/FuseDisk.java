package io.catena.agent.fuse;

import io.catena.agent.linux.NativeBuffer;
import io.catena.disk.BlockDevice;
import io.catena.log.LogLine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Answers the kernel's requests to a file that is a disk. Reads and writes bypass the page cache, so what the kernel was told is
 * written is in the disk, and a sync of the file is a flush of the disk.
 *
 * <p>A request lies so that the data of a write starts with a page, and the data of the reply to a read does: copies to
 * other places are up to six times slower on some machines.
 *
 * <p><b>Threads.</b> Safe for use by many threads, each with a buffer of its own.
 */
final class FuseDisk {
    private static final Logger LOG = Logger.getLogger(FuseDisk.class.getName());

    /**
     * The most data in one request. The kernel is told when the file is mounted and never again, so a later agent has to accept
     * as much.
     */
    static final int MAX_DATA_BYTES = 256 << 10;

    static final int DATA_AT = NativeBuffer.PAGE_BYTES;
    static final int REQUEST_AT = DATA_AT - FuseProtocol.REQUEST_HEADER_BYTES - FuseProtocol.WRITE_BYTES;
    static final int REPLY_AT = DATA_AT - FuseProtocol.REPLY_HEADER_BYTES;
    static final int BUFFER_BYTES = DATA_AT + MAX_DATA_BYTES;

    /** Of the bytes that are asked for at once, and of holes that can be made. */
    private static final int BLOCK_BYTES = 4096;

    private static final int NO_REPLY = 0;
    private static final int UNANSWERED = -1;

    private final BlockDevice device;
    private final String name;

    /**
     * @param name of the disk, for the log
     */
    FuseDisk(BlockDevice device, String name) {
        this.device = device;
        this.name = name;
    }

    /**
     * Does what the request at {@link #REQUEST_AT} asks, and puts the reply at {@link #REPLY_AT}.
     *
     * @return the reply's length in bytes; 0 if there is none
     */
    int answer(NativeBuffer buffer) {
        ByteBuffer request = buffer.slice(REQUEST_AT, BUFFER_BYTES - REQUEST_AT);
        int lengthBytes = request.getInt();
        Opcode opcode = Opcode.of(request.getInt());
        long unique = request.getLong();
        request.position(FuseProtocol.REQUEST_HEADER_BYTES).limit(lengthBytes);
        ByteBuffer body = buffer.slice(DATA_AT, MAX_DATA_BYTES);
        int result = perform(opcode, request, body);
        if (result == NO_REPLY) {
            return NO_REPLY;
        }
        int replyBytes = FuseProtocol.REPLY_HEADER_BYTES + Math.max(0, result - FuseProtocol.REPLY_HEADER_BYTES);
        buffer.slice(REPLY_AT, FuseProtocol.REPLY_HEADER_BYTES)
                .putInt(replyBytes)
                .putInt(Math.min(0, result))
                .putLong(unique);
        return replyBytes;
    }

    /** Returns the reply's length with its header, 0 for no reply, or a negative error number. */
    private int perform(Opcode opcode, ByteBuffer request, ByteBuffer body) {
        try {
            int bodyBytes = switch (opcode) {
                case INIT -> init(request, body);
                case GETATTR -> attributes(body);
                case OPEN -> open(body);
                case READ -> read(request, body);
                case WRITE -> write(request, body);
                case FSYNC -> sync();
                case FALLOCATE -> fallocate(request);
                case STATFS -> fileSystem(body);
                case RELEASE, DESTROY -> 0;
                case FORGET, BATCH_FORGET, INTERRUPT -> UNANSWERED;
                case OTHER -> throw new Refusal(FuseProtocol.ENOSYS);
            };
            return bodyBytes == UNANSWERED ? NO_REPLY : FuseProtocol.REPLY_HEADER_BYTES + bodyBytes;
        } catch (Refusal e) {
            return -e.error;
        } catch (IOException | RuntimeException | Error e) {
            // Also a defect of ours must be answered: the kernel would wait for ever.
            LOG.log(Level.WARNING, LogLine.of("block-request-failed", "vdi", name, "request", opcode), e);
            return -errorOf(e);
        }
    }

    /** How the JDK words ENOSPC; it gives no number. */
    private static int errorOf(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = cause.getMessage();
            if (message != null && message.contains("No space left on device")) {
                return FuseProtocol.ENOSPC;
            }
        }
        return FuseProtocol.EIO;
    }

    /** {@code fuse_init_in}: major, minor, read-ahead, flags. */
    private static int init(ByteBuffer request, ByteBuffer body) throws Refusal {
        int major = request.getInt();
        int minor = request.getInt();
        int readAhead = request.getInt();
        int offered = request.getInt();
        if (major != FuseProtocol.MAJOR || minor < FuseProtocol.OLDEST_MINOR) {
            throw new Refusal(FuseProtocol.EPROTO);
        }
        int wanted = FuseProtocol.INIT_ASYNC_READ
                | FuseProtocol.INIT_BIG_WRITES
                | FuseProtocol.INIT_ASYNC_DIRECT_IO
                | FuseProtocol.INIT_MAX_PAGES;
        body.putInt(FuseProtocol.MAJOR)
                .putInt(Math.min(minor, FuseProtocol.MINOR))
                .putInt(readAhead)
                .putInt(offered & wanted);
        body.putShort((short) 64).putShort((short) 48); // requests in the background, and when that is many
        body.putInt(MAX_DATA_BYTES).putInt(1); // time is in nanoseconds
        body.putShort((short) (MAX_DATA_BYTES / NativeBuffer.PAGE_BYTES)).putShort((short) 0);
        return zerosUntil(body, 64);
    }

    /** {@code fuse_attr_out}: not to be cached, so that a new size is seen. */
    private int attributes(ByteBuffer body) {
        long sizeBytes = device.sizeBytes();
        body.putLong(0).putLong(0);
        body.putLong(FuseProtocol.ROOT).putLong(sizeBytes).putLong(sizeBytes / BlockDevice.SECTOR);
        body.putLong(0).putLong(0).putLong(0).putInt(0).putInt(0).putInt(0);
        body.putInt(FuseProtocol.FILE_MODE)
                .putInt(1)
                .putInt(0)
                .putInt(0)
                .putInt(0)
                .putInt(BLOCK_BYTES);
        return zerosUntil(body, 104);
    }

    private static int zerosUntil(ByteBuffer body, int end) {
        while (body.position() < end) {
            body.put((byte) 0);
        }
        return end;
    }

    /** {@code fuse_open_out}: handle, flags. */
    private static int open(ByteBuffer body) {
        body.putLong(0)
                .putInt(FuseProtocol.OPEN_DIRECT_IO | FuseProtocol.OPEN_PARALLEL_DIRECT_WRITES)
                .putInt(0);
        return body.position();
    }

    /** {@code fuse_read_in}: handle, offset, size. What is behind the end is not there. */
    private int read(ByteBuffer request, ByteBuffer body) throws IOException {
        request.getLong();
        long offset = request.getLong();
        int lengthBytes = (int) Math.max(0, Math.min(request.getInt(), device.sizeBytes() - offset));
        if (lengthBytes > 0) {
            device.read(offset, body.limit(lengthBytes));
        }
        return lengthBytes;
    }

    /** {@code fuse_write_in}: handle, offset, size, and 20 bytes that do not matter here; then the data. */
    private int write(ByteBuffer request, ByteBuffer body) throws IOException {
        request.getLong();
        long offset = request.getLong();
        int lengthBytes = request.getInt();
        check(offset, lengthBytes);
        device.write(offset, body.slice(0, lengthBytes));
        body.putInt(lengthBytes).putInt(0);
        return body.position();
    }

    private int sync() throws IOException {
        device.flush();
        return 0;
    }

    /** {@code fuse_fallocate_in}: handle, offset, length, mode. The kernel relies on zeros being there. */
    private int fallocate(ByteBuffer request) throws IOException {
        request.getLong();
        long offset = request.getLong();
        long lengthBytes = request.getLong();
        int mode = request.getInt();
        check(offset, lengthBytes);
        switch (mode) {
            case FuseProtocol.FALLOCATE_PUNCH_HOLE | FuseProtocol.FALLOCATE_KEEP_SIZE ->
                device.writeZeroes(offset, lengthBytes, true);
            case FuseProtocol.FALLOCATE_ZERO_RANGE,
                    FuseProtocol.FALLOCATE_ZERO_RANGE | FuseProtocol.FALLOCATE_KEEP_SIZE ->
                device.writeZeroes(offset, lengthBytes, false);
            default -> throw new Refusal(FuseProtocol.EOPNOTSUPP);
        }
        return 0;
    }

    private void check(long offset, long lengthBytes) throws Refusal {
        if (device.readOnly()) {
            throw new Refusal(FuseProtocol.EROFS);
        }
        if (offset < 0 || lengthBytes < 0 || lengthBytes > device.sizeBytes() - offset) {
            throw new Refusal(FuseProtocol.EINVAL);
        }
    }

    /** {@code fuse_kstatfs}: of a file system with one file. Its block size is what a loop device discards by. */
    private int fileSystem(ByteBuffer body) {
        body.putLong(device.sizeBytes() / BLOCK_BYTES)
                .putLong(0)
                .putLong(0)
                .putLong(1)
                .putLong(0);
        body.putInt(BLOCK_BYTES).putInt(255).putInt(BLOCK_BYTES);
        return zerosUntil(body, 80);
    }

    /** A request that is answered with an error which is not worth a line in the log. */
    private static final class Refusal extends IOException {
        private static final long serialVersionUID = 1;

        private final int error;

        Refusal(int error) {
            super("error " + error, null);
            this.error = error;
        }
    }
}
