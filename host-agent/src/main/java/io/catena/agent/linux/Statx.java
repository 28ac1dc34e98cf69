package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import io.catena.store.FileStat;
import java.util.Optional;

/**
 * What the system tells of a file.
 *
 * <p>Source: {@code statx(2)}; its structure is the same on all architectures.
 */
final class Statx {
    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int BASIC_STATS_AND_BIRTH = 0xFFF;
    private static final int BIRTH_IS_KNOWN = 0x800;
    private static final int STRUCTURE_BYTES = 256;
    private static final int BLOCK_BYTES = 512;
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private static final int MASK = 0;
    private static final int LINKS = 16;
    private static final int OWNER = 20;
    private static final int MODE = 28;
    private static final int INODE = 32;
    private static final int SIZE = 40;
    private static final int BLOCKS = 48;
    private static final int BORN = 80;
    private static final int CHANGED = 96;
    private static final int MODIFIED = 112;
    private static final int DEVICE_MAJOR = 136;
    private static final int DEVICE_MINOR = 140;

    /** What the system told this thread last; to make a structure for each look costs more than to look. */
    private static final ThreadLocal<Memory> FOUND = ThreadLocal.withInitial(() -> new Memory(STRUCTURE_BYTES));

    private Statx() {}

    /**
     * Looks at a name in an open directory; a link itself, not what it leads to.
     *
     * @return empty if there is nothing
     */
    static Optional<FileStat> of(int directory, String name) {
        int error = read(directory, name, AT_SYMLINK_NOFOLLOW);
        if (error == Libc.ENOENT) {
            return Optional.empty();
        }
        return Optional.of(found(error));
    }

    /** Looks at an open file. */
    static FileStat of(int descriptor) {
        return found(read(descriptor, "", AT_EMPTY_PATH));
    }

    /** Returns the number of the error; 0 if there was none. */
    private static int read(int directory, String name, int flags) {
        int result = Libc.statx(directory, Libc.path(name), flags, BASIC_STATS_AND_BIRTH, FOUND.get());
        return result < 0 ? Native.getLastError() : 0;
    }

    private static FileStat found(int error) {
        if (error != 0) {
            throw new LastErrorException(error);
        }
        Memory found = FOUND.get();
        String inode = Long.toUnsignedString(found.getLong(INODE));
        boolean birthIsKnown = (found.getInt(MASK) & BIRTH_IS_KNOWN) != 0;
        return new FileStat(
                device(found) + ":" + inode,
                birthIsKnown ? inode + "@" + nanos(found, BORN) : inode,
                found.getLong(SIZE),
                found.getLong(BLOCKS) * BLOCK_BYTES,
                nanos(found, MODIFIED),
                nanos(found, CHANGED),
                found.getInt(LINKS),
                found.getInt(OWNER),
                Short.toUnsignedInt(found.getShort(MODE)));
    }

    /** Returns the number that {@code stat(2)} gives the device, which is also what the JDK shows; see {@code makedev(3)}. */
    private static long device(Memory found) {
        long major = Integer.toUnsignedLong(found.getInt(DEVICE_MAJOR));
        long minor = Integer.toUnsignedLong(found.getInt(DEVICE_MINOR));
        return (minor & 0xFF) | ((major & 0xFFF) << 8) | ((minor & ~0xFFL) << 12) | ((major & ~0xFFFL) << 32);
    }

    private static long nanos(Memory found, int offset) {
        return found.getLong(offset) * NANOS_PER_SECOND + found.getInt(offset + Long.BYTES);
    }
}
