package io.catena.tool;

import io.catena.format.DiskType;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.format.ParentLocator;
import io.catena.format.SparseLayout;
import io.catena.op.Bytes;
import io.catena.op.Journal;
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

    private final Storage storage;
    private final String name;
    private final Journal journal;

    /**
     * @param name on {@code storage}; its journal stands beside it
     */
    public VhdResize(Storage storage, String name) {
        this.storage = storage;
        this.name = name;
        this.journal = new Journal(storage, journalName(name));
    }

    /** Returns the name of the journal that an interrupted resize leaves. */
    public static String journalName(String name) {
        return name + ".catena-journal";
    }

    /**
     * Gives the disk a new size, rounded up to whole blocks, or to sectors if it is a fixed one.
     *
     * @param loseData whether the disk may shrink though data stands in the part that goes
     * @return the size it has now, in bytes
     * @throws IOException also if the size is impossible, or data would be lost
     */
    public long resize(long sizeBytes, boolean loseData) throws IOException {
        journal.recover();
        ChainFile file = ChainFile.vhd(storage, name);
        VhdHeaders headers = Objects.requireNonNull(file.headers());
        boolean fixed = headers.footer().type() == DiskType.FIXED;
        long unit = headers.header() == null
                ? FIXED_UNIT
                : Math.max(FIXED_UNIT, headers.header().blockSize());
        long size = SparseLayout.roundUp(sizeBytes, unit);
        if (size <= 0 || size > Footer.MAX_DISK_BYTES) {
            throw new IOException(name + ": a size of " + sizeBytes + " bytes is not possible, a VHD has from 1 to "
                    + Footer.MAX_DISK_BYTES + " (2040 GiB)");
        }
        if (size == file.sizeBytes()) {
            return size;
        }
        if (size < file.sizeBytes() && !loseData) {
            new DataBeyond(storage, name).refuse(size);
        }
        Rewrite rewrite = fixed ? fixed(headers, size) : sparse(headers, size);
        journal.record(rewrite);
        rewrite.apply(storage);
        journal.forget();
        return size;
    }

    private Rewrite fixed(VhdHeaders headers, long size) {
        List<Bytes> patches = new ArrayList<>();
        if (size > headers.trailingFooterOffset()) {
            // The old footer becomes part of the disk.
            patches.add(Bytes.of(headers.trailingFooterOffset(), ByteBuffer.allocate(Footer.SIZE)));
        }
        patches.add(Bytes.of(size, headers.footer().withSize(size).encode()));
        return new Rewrite(name, patches, size + Footer.SIZE);
    }

    private Rewrite sparse(VhdHeaders headers, long size) throws IOException {
        DynamicHeader header = Objects.requireNonNull(headers.header());
        try (BlockFile file = storage.open(name)) {
            ResizedTables tables = ResizedTables.plan(file, headers, header, size);
            new BlockMover(file, headers, tables.table()).clear(header.tableOffset(), tables.end());
            Footer footer = headers.footer().withSize(size);
            List<Bytes> patches = tables.patches(file);
            patches.add(Bytes.of(0, footer.encode()));
            long dataEnd = Math.max(tables.end(), tables.table().dataEnd());
            patches.add(Bytes.of(dataEnd, footer.encode()));
            return new Rewrite(name, patches, dataEnd + Footer.SIZE);
        }
    }

    /** Whether a locator's path stands in a range of the file. */
    static boolean stands(ParentLocator locator, long from, long to) {
        return locator.platform() != ParentLocator.NONE
                && locator.dataOffset() < to
                && locator.dataOffset() + locator.spaceBytes() > from;
    }
}
