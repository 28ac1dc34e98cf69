package io.catena.op.rewrite;

import io.catena.format.Batmap;
import io.catena.format.DynamicHeader;
import io.catena.format.ParentLocator;
import io.catena.format.SparseLayout;
import io.catena.format.UnsupportedVhdException;
import io.catena.op.Bytes;
import io.catena.store.BlockFile;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The BAT, the batmap and the locators of a disk whose headers are being rewritten: where they will stand, and what will be
 * in them.
 *
 * @param table the BAT as it is; blocks are moved in it before it is written
 * @param resized the layout of the disk to come
 * @param others what is to be written beside the BAT: batmap, locators, header
 * @param oldEnd where the headers end as they are
 * @param end where they will end
 */
record NewTables(BlockTable table, SparseLayout resized, List<Bytes> others, long oldEnd, long end) {

    /** The BAT takes this much of a journal at most, and a third more. */
    private static final int MAX_BLOCKS = 8 << 20;

    /** Decides where everything will stand; changes nothing. */
    static NewTables plan(BlockFile file, VhdHeaders headers, long size, Locators locators) throws IOException {
        DynamicHeader header = Objects.requireNonNull(headers.header());
        SparseLayout layout = SparseLayout.of(headers.footer(), header);
        SparseLayout resized = resized(file, headers, header, size);
        BlockTable table = BlockTable.read(file, layout);
        Batmap batmap = batmap(file, headers, layout);
        List<Bytes> others = new ArrayList<>();
        long end = resized.tableEnd();
        if (batmap != null) {
            ByteBuffer map = BatmapBits.of(file, batmap, layout).resized(table, resized);
            int checksum = Batmap.checksum(map, Batmap.checkedBytes(resized.sizeBytes()));
            others.add(
                    Bytes.of(end, batmap.movedTo(end, map.capacity(), checksum).encode()));
            others.add(Bytes.of(end + Batmap.SIZE, map));
            end += Batmap.SIZE + map.capacity();
        }
        DynamicHeader changed = header.withTable(resized.maxEntries(), header.locators());
        Locators.Laid laid = locators.layOut(changed, headers.footer().dataOffset(), end);
        others.addAll(laid.patches());
        return new NewTables(table, resized, others, oldEnd(file, header, layout, batmap), laid.end());
    }

    private static SparseLayout resized(BlockFile file, VhdHeaders headers, DynamicHeader header, long size)
            throws IOException {
        if (headers.footer().dataOffset() + DynamicHeader.SIZE > header.tableOffset()) {
            throw new UnsupportedVhdException(
                    file.name(), "its header stands behind its BAT; convert the disk instead of changing it");
        }
        SparseLayout wanted = new SparseLayout(size, header.tableOffset(), 0, header.blockSize());
        long entries = Math.max(header.maxEntries(), wanted.blocks());
        if (entries > MAX_BLOCKS) {
            throw new UnsupportedVhdException(
                    file.name(),
                    "needs a BAT of " + entries + " entries for " + size + " bytes in blocks of " + header.blockSize()
                            + "; at most " + MAX_BLOCKS + " can be written at one instant");
        }
        return new SparseLayout(size, header.tableOffset(), (int) entries, header.blockSize());
    }

    private static @Nullable Batmap batmap(BlockFile file, VhdHeaders headers, SparseLayout layout) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Batmap.SIZE);
        file.read(layout.tableEnd(), bytes);
        boolean found =
                headers.footer().creator().mayHaveBatmap() && !bytes.hasRemaining() && Batmap.isBatmap(bytes.flip());
        return found ? Batmap.decode(bytes) : null;
    }

    /** All that stands before the blocks counts: it is in use until the new headers are written. */
    private static long oldEnd(BlockFile file, DynamicHeader header, SparseLayout layout, @Nullable Batmap batmap)
            throws IOException {
        long end = layout.tableEnd();
        if (batmap != null) {
            end = Math.max(end, layout.tableEnd() + Batmap.SIZE);
            end = Math.max(end, Math.min(file.size(), batmap.offset() + batmap.mapBytes()));
        }
        for (ParentLocator locator : header.locators()) {
            long locatorEnd = locator.dataOffset() + locator.spaceBytes();
            if (locator.platform() != ParentLocator.NONE && locatorEnd <= file.size()) {
                end = Math.max(end, locatorEnd);
            }
        }
        return end;
    }

    /**
     * As {@link #patches}, of a disk that is in use: of the BAT what follows the last entry that it has. The other entries
     * change meanwhile, and stay where they are.
     */
    List<Bytes> additions() {
        int known = table.blocks() * Integer.BYTES;
        table.resize((int) resized.blocks());
        int tableBytes = (int) (resized.tableEnd() - resized.tableOffset());
        List<Bytes> patches = new ArrayList<>(others);
        patches.add(
                Bytes.of(resized.tableOffset() + known, table.encode(tableBytes).position(known)));
        return patches;
    }

    /** Returns what is to be written, once no block stands in the way. */
    List<Bytes> patches() {
        table.resize((int) resized.blocks());
        List<Bytes> patches = new ArrayList<>(others);
        int tableBytes = (int) (resized.tableEnd() - resized.tableOffset());
        patches.add(Bytes.of(resized.tableOffset(), table.encode(tableBytes)));
        return patches;
    }
}
