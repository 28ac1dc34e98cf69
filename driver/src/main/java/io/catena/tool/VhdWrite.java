package io.catena.tool;

import io.catena.disk.BlockDevice;
import io.catena.op.OfflineAccess;
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
    private static final int PAGE_BYTES = 4096;

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
        return copy(in, storage, name, offset, false);
    }

    /**
     * As {@link #copy(InputStream, Storage, String, long)}.
     *
     * @param wholePages whether pages of 4 KiB that are written in part are first copied up from the parent: libvhdi takes
     *     sectors for present, in a differencing disk, that share eight with one that is
     */
    public static long copy(InputStream in, Storage storage, String name, long offset, boolean wholePages)
            throws IOException {
        Closeable access = OfflineAccess.take(storage);
        try (access) {
            refuseBase(storage, name);
            try (OpenChain chain = OpenChain.writable(storage, name)) {
                return copy(in, chain.disk(), offset, wholePages);
            }
        }
    }

    private static long copy(InputStream in, BlockDevice disk, long offset, boolean wholePages) throws IOException {
        Range.check(disk, offset, 0);
        byte[] piece = new byte[PIECE_BYTES];
        long written = 0;
        for (int count = in.readNBytes(piece, 0, PIECE_BYTES);
                count > 0;
                count = in.readNBytes(piece, 0, PIECE_BYTES)) {
            Range.check(disk, offset + written, count);
            ByteBuffer source = ByteBuffer.wrap(piece, 0, count);
            if (wholePages) {
                writePages(disk, offset + written, source);
            } else {
                disk.write(offset + written, source);
            }
            written += count;
        }
        return written;
    }

    private static void writePages(BlockDevice disk, long offset, ByteBuffer source) throws IOException {
        long start = offset / PAGE_BYTES * PAGE_BYTES;
        long end = (offset + source.remaining() + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
        ByteBuffer pages = ByteBuffer.allocate((int) (Math.min(end, disk.sizeBytes()) - start));
        disk.read(start, pages);
        pages.position((int) (offset - start)).put(source);
        disk.write(start, pages.rewind());
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
