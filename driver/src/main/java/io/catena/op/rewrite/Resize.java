package io.catena.op.rewrite;

import io.catena.format.DiskType;
import io.catena.format.Footer;
import io.catena.format.SparseLayout;
import io.catena.op.Bytes;
import io.catena.op.Rewrite;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Changes the size of a VHD that nobody has open.
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
public final class Resize {
    private static final int FIXED_UNIT = 512;
    private static final int PIECE_BYTES = 1 << 20;

    private final Storage storage;
    private final String name;
    private final JournaledFile journaled;

    /**
     * @param name on {@code storage}; its journal stands beside it
     */
    public Resize(Storage storage, String name) {
        this.storage = storage;
        this.name = name;
        this.journaled = new JournaledFile(storage, name);
    }

    /** Looks at the content of a disk that is about to change its size, and throws if the change would do harm. */
    @FunctionalInterface
    public interface ContentCheck {
        /** Allows the change, or throws. */
        void check(VhdHeaders headers, long before, long after) throws IOException;
    }

    /** Completes a rewrite that was interrupted; returns whether there was one. */
    public boolean complete() throws IOException {
        return journaled.complete();
    }

    /**
     * Gives the disk a new size, rounded up to whole blocks, or to sectors if it is a fixed one. What is added reads as
     * zeros as far as the parent has none of it. Durable when this returns.
     *
     * @return the size it has now, in bytes
     * @throws IOException also if the size is impossible
     */
    public long resize(long sizeBytes, ContentCheck content) throws IOException {
        ChainFile file = journaled.sound();
        VhdHeaders headers = Objects.requireNonNull(file.headers());
        long size = rounded(headers, sizeBytes);
        if (size == file.sizeBytes()) {
            return size;
        }
        content.check(headers, file.sizeBytes(), size);
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
