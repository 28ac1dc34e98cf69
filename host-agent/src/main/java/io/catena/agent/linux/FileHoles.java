package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.LongByReference;
import io.catena.store.BlockFile;
import io.catena.store.HolePunch;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;

/**
 * Gives space of a file back to the file system, lets files share bytes, and has bytes written out, which Java cannot.
 *
 * <p>Source: {@code fallocate(2)}, {@code sync_file_range(2)}, {@code ioctl_ficlonerange(2)}, {@code copy_file_range(2)}, {@code lseek(2)}, {@code
 * fcntl(2)}.
 */
final class FileHoles implements HolePunch {
    private static final int F_DUPFD_CLOEXEC = 1030;
    private static final int FALLOC_FL_KEEP_SIZE = 1;
    private static final int FALLOC_FL_PUNCH_HOLE = 2;
    private static final int EINTR = 4;
    private static final int ENXIO = 6;
    private static final int EXDEV = 18;
    private static final int EINVAL = 22;
    private static final int ESPIPE = 29;
    private static final int ENOTTY = 25;
    private static final int ENOSYS = 38;
    private static final int EOPNOTSUPP = 95;

    /** SYNC_FILE_RANGE_WAIT_BEFORE, _WRITE and _WAIT_AFTER. */
    private static final int WRITE_AND_WAIT = 7;

    private static final int SEEK_DATA = 3;
    private static final long FICLONERANGE = 0x4020940D;
    private static final int RANGE_BYTES = 32;

    /** What file systems align files to; they refuse to share anything smaller. */
    private static final long FILE_BLOCK_BYTES = 4096;

    static {
        Native.register(FileHoles.class, "c");
    }

    private final String name;
    private final int descriptor;

    /** Whether the file system has not refused to share bytes. */
    private volatile boolean shares = true;

    /** Whether the kernel has not refused to copy bytes by itself. */
    private volatile boolean copies = true;

    /** Whether the kernel has not refused to write bytes out. */
    private volatile boolean writesOut = true;

    /** How many are inside a call; guarded by this. */
    private int users;

    /** Guarded by this. */
    private boolean closed;

    private FileHoles(String name, int descriptor) {
        this.name = name;
        this.descriptor = descriptor;
    }

    private static native int close(int descriptor) throws LastErrorException;

    private static native int fallocate(int descriptor, int mode, long offset, long length) throws LastErrorException;

    private static native int ioctl(int descriptor, long request, Pointer argument) throws LastErrorException;

    private static native int sync_file_range(int descriptor, long offset, long length, int flags)
            throws LastErrorException;

    private static native long lseek(int descriptor, long offset, int whence) throws LastErrorException;

    private static native long copy_file_range(
            int from, LongByReference fromOffset, int to, LongByReference toOffset, long length, int flags)
            throws LastErrorException;

    /**
     * Works on the same open file description as another descriptor, of which it takes a duplicate: what is locked there is
     * locked here.
     */
    static FileHoles sharing(String name, int descriptor) throws IOException {
        try {
            return new FileHoles(name, Libc.fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
        } catch (LastErrorException e) {
            throw new IOException("no second descriptor of " + name + ": " + e.getMessage(), e);
        }
    }

    /** Calls run side by side: a copy by a server that takes its time must not hold up a guest's discard. */
    private synchronized void enter() throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
        users++;
    }

    private synchronized void leave() throws IOException {
        users--;
        closeIfUnused();
    }

    /** Whoever is inside a call last frees the descriptor: its number must not become another file's meanwhile. */
    private void closeIfUnused() throws IOException {
        if (!closed || users > 0) {
            return;
        }
        try {
            close(descriptor);
        } catch (LastErrorException e) {
            throw new IOException("close of " + name + ": " + e.getMessage(), e);
        }
    }

    @Override
    public boolean punch(long offset, long lengthBytes) throws IOException {
        enter();
        try {
            return punchOpen(offset, lengthBytes);
        } finally {
            leave();
        }
    }

    private boolean punchOpen(long offset, long lengthBytes) throws IOException {
        while (true) {
            try {
                fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, lengthBytes);
                return true;
            } catch (LastErrorException e) {
                if (e.getErrorCode() == EOPNOTSUPP || e.getErrorCode() == ENOSYS) {
                    return false;
                }
                if (e.getErrorCode() != EINTR) {
                    throw new IOException("fallocate of " + name + ": " + e.getMessage(), e);
                }
            }
        }
    }

    @Override
    public boolean writeOut(long offset, long lengthBytes) throws IOException {
        enter();
        try {
            return writeOutOpen(offset, lengthBytes);
        } finally {
            leave();
        }
    }

    private boolean writeOutOpen(long offset, long lengthBytes) throws IOException {
        while (writesOut) {
            try {
                sync_file_range(descriptor, offset, lengthBytes, WRITE_AND_WAIT);
                return true;
            } catch (LastErrorException e) {
                switch (e.getErrorCode()) {
                    case EINTR -> {}
                    case EOPNOTSUPP, ENOSYS, EINVAL, ESPIPE -> writesOut = false;
                    default -> throw new IOException("sync_file_range of " + name + ": " + e.getMessage(), e);
                }
            }
        }
        return false;
    }

    /** Shares what begins and ends with blocks of the file system; bytes that may have holes in them are copied. */
    @Override
    public BlockFile.Taken takeFrom(HolePunch source, long sourceOffset, long offset, long lengthBytes)
            throws IOException {
        if (!(source instanceof FileHoles from) || from == this) {
            return BlockFile.Taken.REFUSED;
        }
        from.enter();
        try {
            enter();
            try {
                return takeOpen(from, sourceOffset, offset, lengthBytes);
            } finally {
                leave();
            }
        } finally {
            from.leave();
        }
    }

    private BlockFile.Taken takeOpen(FileHoles from, long sourceOffset, long offset, long lengthBytes)
            throws IOException {
        boolean aligned = (sourceOffset | offset | lengthBytes) % FILE_BLOCK_BYTES == 0;
        if (shares && aligned && share(from, sourceOffset, offset, lengthBytes)) {
            return BlockFile.Taken.SHARED;
        }
        if (!copies) {
            return BlockFile.Taken.REFUSED;
        }
        return from.isHole(sourceOffset, lengthBytes)
                ? BlockFile.Taken.HOLE
                : copy(from, sourceOffset, offset, lengthBytes);
    }

    private boolean share(FileHoles from, long sourceOffset, long offset, long lengthBytes) throws IOException {
        try (Memory range = new Memory(RANGE_BYTES)) {
            range.setLong(0, from.descriptor);
            range.setLong(8, sourceOffset);
            range.setLong(16, lengthBytes);
            range.setLong(24, offset);
            ioctl(descriptor, FICLONERANGE, range);
            return true;
        } catch (LastErrorException e) {
            switch (e.getErrorCode()) {
                case EOPNOTSUPP, EXDEV, ENOTTY, ENOSYS -> shares = false;
                case EINVAL, EINTR -> {}
                default -> throw new IOException("sharing of bytes of " + from.name + ": " + e.getMessage(), e);
            }
            return false;
        }
    }

    private boolean isHole(long offset, long lengthBytes) throws IOException {
        try {
            return lseek(descriptor, offset, SEEK_DATA) >= offset + lengthBytes;
        } catch (LastErrorException e) {
            if (e.getErrorCode() == ENXIO) {
                return true;
            }
            throw new IOException("lseek of " + name + ": " + e.getMessage(), e);
        }
    }

    /** What was copied before a refusal is copied again by the caller. */
    private BlockFile.Taken copy(FileHoles from, long sourceOffset, long offset, long lengthBytes) throws IOException {
        LongByReference in = new LongByReference(sourceOffset);
        LongByReference out = new LongByReference(offset);
        long left = lengthBytes;
        while (left > 0) {
            long copied;
            try {
                copied = copy_file_range(from.descriptor, in, descriptor, out, left, 0);
            } catch (LastErrorException e) {
                if (e.getErrorCode() == EINTR) {
                    continue;
                }
                switch (e.getErrorCode()) {
                    case EOPNOTSUPP, EXDEV, ENOSYS, EINVAL -> copies = false;
                    default -> throw new IOException("copy_file_range of " + from.name + ": " + e.getMessage(), e);
                }
                return BlockFile.Taken.REFUSED;
            }
            if (copied == 0) {
                // The source ends here.
                return BlockFile.Taken.REFUSED;
            }
            left -= copied;
        }
        return BlockFile.Taken.COPIED;
    }

    /** Calls under way end as they would; the descriptor is freed after the last of them. */
    @Override
    public synchronized void close() throws IOException {
        if (!closed) {
            closed = true;
            closeIfUnused();
        }
    }
}
