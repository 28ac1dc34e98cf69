package io.catena.tool;

import io.catena.format.DiskType;
import io.catena.format.Footer;
import io.catena.format.SparseLayout;
import io.catena.op.Bytes;
import io.catena.op.Rewrite;
import io.catena.sr.OfflineAccess;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.VhdHeaders;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Changes the size of a disk that nobody has open.
 *
 * <p>A BAT that must grow stays where it is, as blktap keeps it: what stands behind it makes room.
 *
 * <ol>
 *   <li>Complete what an earlier call left half done.
 *   <li>Move the blocks that are in the way, one by one: copy to the end of the file, sync, change the BAT entry (one
 *       sector, so the old or the new place is valid), sync. Nothing is journaled; each state is a valid disk.
 *   <li>Journal the new BAT, batmap, locators, header and footers, then write them.
 * </ol>
 */
public final class VhdResize {
    private static final int FIXED_UNIT = 512;
    private static final int PIECE_BYTES = 1 << 20;

    private final Storage storage;
    private final String name;
    private final JournaledFile journaled;

    /**
     * @param name on {@code storage}; its journal stands beside it
     */
    public VhdResize(Storage storage, String name) {
        this.storage = storage;
        this.name = name;
        this.journaled = new JournaledFile(storage, name);
    }

    /**
     * Completes a resize, or another rewrite of the headers, that was interrupted.
     *
     * @return whether there was one
     * @throws io.catena.store.StorageLockedException if the directory is an SR that an agent uses
     */
    public boolean complete() throws IOException {
        Closeable access = OfflineAccess.take(storage);
        try (access) {
            return journaled.complete();
        }
    }

    /**
     * Gives the disk a new size, rounded up to whole blocks, or to sectors if it is a fixed one. What is added reads as
     * zeros. Durable when this returns.
     *
     * @param force whether the disk may shrink though data stands in the part that goes, or grow though a larger parent
     *     holds data that would show
     * @return the size it has now, in bytes
     * @throws io.catena.store.StorageLockedException if the directory is an SR that an agent uses
     * @throws IOException also if the size is impossible, or data would be lost
     */
    public long resize(long sizeBytes, boolean force) throws IOException {
        Closeable access = OfflineAccess.take(storage);
        try (access) {
            return resizeAlone(sizeBytes, force);
        }
    }

    /** As {@link #resize}, for those who have access to the directory already. */
    long resizeAlone(long sizeBytes, boolean force) throws IOException {
        ChainFile file = journaled.sound();
        VhdHeaders headers = Objects.requireNonNull(file.headers());
        long size = rounded(headers, sizeBytes);
        if (size == file.sizeBytes()) {
            return size;
        }
        if (!force) {
            checkContent(headers, file.sizeBytes(), size);
        }
        boolean fixed = headers.footer().type() == DiskType.FIXED;
        journaled.rewrite(fixed ? fixed(headers, size) : new SparseRewrite(storage, name, headers).withSize(size));
        return size;
    }

    private long rounded(VhdHeaders headers, long sizeBytes) throws IOException {
        long unit = headers.header() == null
                ? FIXED_UNIT
                : Math.max(FIXED_UNIT, headers.header().blockSize());
        if (sizeBytes <= 0 || SparseLayout.roundUp(sizeBytes, unit) > Footer.MAX_DISK_BYTES || sizeBytes > 1L << 60) {
            throw new IOException(name + ": a size of " + sizeBytes + " bytes is not possible, a VHD has from 1 to "
                    + Footer.MAX_DISK_BYTES + " (2040 GiB)");
        }
        return SparseLayout.roundUp(sizeBytes, unit);
    }

    private void checkContent(VhdHeaders headers, long before, long after) throws IOException {
        DataBeyond data = new DataBeyond(storage, name);
        if (after < before) {
            data.refuseToCut(after, before);
        } else if (headers.isDifferencing()) {
            data.refuseToShow(before, after);
        }
    }

    private Rewrite fixed(VhdHeaders headers, long size) throws IOException {
        long disk = headers.footer().currentSize();
        clear(disk, Math.min(size, headers.trailingFooterOffset()));
        List<Bytes> patches = new ArrayList<>();
        if (size > headers.trailingFooterOffset()) {
            // The old footer becomes part of the disk.
            patches.add(Bytes.of(headers.trailingFooterOffset(), ByteBuffer.allocate(Footer.SIZE)));
        }
        patches.add(Bytes.of(size, headers.footer().withSize(size).encode()));
        return new Rewrite(name, patches, size + Footer.SIZE);
    }

    /** What a file holds between the end of its disk and its footer belongs to nobody, but a larger disk would show it. */
    private void clear(long from, long to) throws IOException {
        if (from >= to) {
            return;
        }
        try (BlockFile file = storage.open(name)) {
            for (long offset = from; offset < to; offset += PIECE_BYTES) {
                file.write(offset, ByteBuffer.allocate((int) Math.min(PIECE_BYTES, to - offset)));
            }
            file.sync();
        }
    }
}
