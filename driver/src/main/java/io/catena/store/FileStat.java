package io.catena.store;

/**
 * What the system tells of a name in a directory; of a link itself, not of what it leads to.
 *
 * @param identity the file itself, whatever its name: equal for two names of one file
 * @param lastingIdentity the same without the device, whose number may be another when the file system is mounted anew, and
 *     with the time of the file's birth, if the file system knows it
 * @param allocatedBytes what it takes on the file system
 * @param modifiedNanos when its bytes were changed last, in ns since 1970
 * @param changedNanos when its bytes or its inode were changed last, in ns since 1970
 * @param links how many names the file has
 * @param owner the user whose file it is
 * @param mode type and permissions, as {@code inode(7)} has them
 */
public record FileStat(
        String identity,
        String lastingIdentity,
        long sizeBytes,
        long allocatedBytes,
        long modifiedNanos,
        long changedNanos,
        int links,
        int owner,
        int mode) {
    private static final int TYPE = 0xF000;
    private static final int WRITABLE_BY_OTHERS = 0x12;

    /** Whether it is a file of bytes at offsets; a link to one is none. */
    public boolean isFile() {
        return (mode & TYPE) == 0x8000;
    }

    public boolean isDirectory() {
        return (mode & TYPE) == 0x4000;
    }

    /** Whether somebody besides its owner may change it. */
    public boolean isWritableByOthers() {
        return (mode & WRITABLE_BY_OTHERS) != 0;
    }

    /** Returns what kind of thing it is, for messages. */
    public String kind() {
        return switch (mode & TYPE) {
            case 0x8000 -> "a regular file";
            case 0x4000 -> "a directory";
            case 0xA000 -> "a symbolic link";
            case 0x1000 -> "a FIFO";
            case 0xC000 -> "a socket";
            case 0x2000, 0x6000 -> "a device";
            default -> "something unknown";
        };
    }
}
