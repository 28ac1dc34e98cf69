package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Tells what a file takes on its file system, which Java cannot.
 *
 * <p>Source: {@code statx(2)}; its structure is the same on all architectures.
 */
public final class FileBlocks {
    private static final int AT_FDCWD = -100;
    private static final int STATX_BLOCKS = 0x400;
    private static final int STRUCTURE_BYTES = 256;
    private static final int BLOCKS_OFFSET = 48;
    private static final int BLOCK_BYTES = 512;
    private static final int ENOENT = 2;

    static {
        Native.register(FileBlocks.class, "c");
    }

    private FileBlocks() {}

    private static native int statx(int directory, String path, int flags, int mask, Pointer result)
            throws LastErrorException;

    /**
     * Returns the bytes that the file system has allocated to a file.
     *
     * @throws NoSuchFileException if there is no such file
     */
    public static long allocatedBytes(Path file) throws IOException {
        try (Memory result = new Memory(STRUCTURE_BYTES)) {
            statx(AT_FDCWD, file.toString(), 0, STATX_BLOCKS, result);
            return result.getLong(BLOCKS_OFFSET) * BLOCK_BYTES;
        } catch (LastErrorException e) {
            if (e.getErrorCode() == ENOENT) {
                throw new NoSuchFileException(file.toString());
            }
            throw new IOException("statx of " + file + ": " + e.getMessage(), e);
        }
    }
}
