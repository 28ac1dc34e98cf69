package io.catena.tool;

import io.catena.disk.BlockDevice;
import io.catena.sr.OfflineAccess;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;

/** Writes a stream into a disk that no guest uses and no other disk builds on. */
public final class VhdWrite {
    private static final int PIECE_BYTES = 1 << 20;

    private VhdWrite() {}

    /**
     * Writes all that {@code in} has to a disk, from byte {@code offset} on. Durable when this returns.
     *
     * @return how many bytes were written
     * @throws io.catena.store.StorageLockedException if the directory is an SR that an agent uses
     * @throws IOException also if {@code in} has more bytes than fit, which is noticed when the disk is full, and if the
     *     disk is a base copy or has children in its directory, whose content would change
     */
    public static long copy(InputStream in, Storage storage, String name, long offset) throws IOException {
        Closeable access = OfflineAccess.take(storage);
        try (access) {
            refuseBase(storage, name);
            try (OpenChain chain = OpenChain.writable(storage, name)) {
                return copy(in, chain.disk(), offset);
            }
        }
    }

    private static long copy(InputStream in, BlockDevice disk, long offset) throws IOException {
        Range.check(disk, offset, 0);
        byte[] piece = new byte[PIECE_BYTES];
        long written = 0;
        for (int count = in.readNBytes(piece, 0, PIECE_BYTES);
                count > 0;
                count = in.readNBytes(piece, 0, PIECE_BYTES)) {
            Range.check(disk, offset + written, count);
            disk.write(offset + written, ByteBuffer.wrap(piece, 0, count));
            written += count;
        }
        return written;
    }

    private static void refuseBase(Storage storage, String name) throws IOException {
        if (ChainFile.read(storage, name).hidden()) {
            throw new IOException(
                    name + ": is a base copy (hidden), which other disks build on; write to one of those");
        }
        List<String> children = Descendants.childrenOf(storage, name);
        if (!children.isEmpty()) {
            throw new IOException(name + ": is the parent of " + String.join(", ", children)
                    + ", whose content would change; write to one of those");
        }
    }
}
