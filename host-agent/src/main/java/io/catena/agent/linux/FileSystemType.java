package io.catena.agent.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * Tells whether only this host can reach the files below a directory.
 *
 * <p>Source: {@code statfs(2)}, {@code linux/magic.h}.
 */
public final class FileSystemType {
    private static final int STRUCTURE_BYTES = 256;
    private static final int NFS = 0x6969;

    /** Those that one kernel has for itself: ext2 to 4, XFS, Btrfs, tmpfs, ramfs, ZFS, F2FS, bcachefs, JFS, overlay. */
    private static final Set<Integer> LOCAL = Set.of(
            0xEF53,
            0x58465342,
            0x9123683E,
            0x01021994,
            0x858458F6,
            0x2FC12FC1,
            0xF2F52010,
            0xCA451A4E,
            0x3153464A,
            0x794C7630);

    private static final Map<Integer, String> SHARED = Map.of(
            NFS,
            "NFS",
            0x517B,
            "SMB",
            0xFF534D42,
            "CIFS",
            0xFE534D42,
            "SMB 2",
            0x00C36400,
            "CephFS",
            0x65735546,
            "FUSE (GlusterFS, sshfs and others)",
            0x01021997,
            "9p",
            0x7461636F,
            "OCFS2",
            0x01161970,
            "GFS2");

    private final int magic;

    private FileSystemType(int magic) {
        this.magic = magic;
    }

    /** Looks at the file system that holds a directory. */
    public static FileSystemType of(Path directory) throws IOException {
        try (Memory found = new Memory(STRUCTURE_BYTES)) {
            Libc.statfs(directory.toString(), found);
            return new FileSystemType((int) found.getNativeLong(0).longValue());
        } catch (LastErrorException e) {
            throw new IOException("statfs of " + directory + ": " + Libc.strerror(e.getErrorCode()), e);
        }
    }

    /** Returns the type that a number of {@code statfs(2)} stands for. */
    static FileSystemType of(int magic) {
        return new FileSystemType(magic);
    }

    /** Whether no other host can have the files; what is not known may be shared. */
    public boolean isLocal() {
        return LOCAL.contains(magic);
    }

    /** Whether it is a file server's, reached by NFS. */
    public boolean isNfs() {
        return magic == NFS;
    }

    /** Returns a name for messages. */
    public String name() {
        return SHARED.getOrDefault(magic, isLocal() ? "local" : "of an unknown type, 0x" + Integer.toHexString(magic));
    }
}
