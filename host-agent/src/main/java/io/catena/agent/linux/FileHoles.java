package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import io.catena.store.HolePunch;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Gives space of a file back to the file system, which Java cannot.
 *
 * <p>Source: {@code fallocate(2)}, {@code open(2)}, {@code proc(5)}.
 */
public final class FileHoles implements HolePunch {
    private static final int O_RDWR = 2;
    private static final int O_CLOEXEC = 0x80000;
    private static final int FALLOC_FL_KEEP_SIZE = 1;
    private static final int FALLOC_FL_PUNCH_HOLE = 2;
    private static final int ENOENT = 2;
    private static final int EINTR = 4;
    private static final int EACCES = 13;
    private static final int ENOSYS = 38;
    private static final int EOPNOTSUPP = 95;

    static {
        Native.register(FileHoles.class, "c");
    }

    private final Path name;
    private final int descriptor;

    /** Guarded by this: the number of a closed descriptor may be that of another file. */
    private boolean closed;

    private FileHoles(Path name, int descriptor) {
        this.name = name;
        this.descriptor = descriptor;
    }

    private static native int open(String path, int flags) throws LastErrorException;

    private static native int close(int descriptor) throws LastErrorException;

    private static native int fallocate(int descriptor, int mode, long offset, long length) throws LastErrorException;

    /**
     * Opens an existing file.
     *
     * @throws NoSuchFileException if there is no such file
     */
    public static FileHoles open(Path file) throws IOException {
        try {
            return new FileHoles(file, open(file.toString(), O_RDWR | O_CLOEXEC));
        } catch (LastErrorException e) {
            throw switch (e.getErrorCode()) {
                case ENOENT -> new NoSuchFileException(file.toString());
                case EACCES -> new AccessDeniedException(file.toString());
                default -> new IOException("open of " + file + ": " + e.getMessage(), e);
            };
        }
    }

    @Override
    public synchronized boolean punch(long offset, long lengthBytes) throws IOException {
        while (true) {
            if (closed) {
                throw new ClosedChannelException();
            }
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
    public Path file() {
        return Path.of("/proc/self/fd/" + descriptor);
    }

    @Override
    public synchronized void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        try {
            close(descriptor);
        } catch (LastErrorException e) {
            throw new IOException("close of " + name + ": " + e.getMessage(), e);
        }
    }
}
