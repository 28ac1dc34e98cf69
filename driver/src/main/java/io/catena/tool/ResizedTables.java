package io.catena.tool;

import io.catena.format.Batmap;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
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
import org.jspecify.annotations.Nullable;

/**
 * The BAT, the batmap and the locators of a disk that gets another size: where they will stand, and what will be in them.
 *
 * @param table the BAT as it is; blocks are moved in it before it is written
 * @param resized the layout of the disk to come
 * @param batmap the batmap's header as it is; null if there is none
 * @param end where all that ends
 */
record ResizedTables(
        BlockTable table,
        SparseLayout resized,
        DynamicHeader header,
        long headerOffset,
        @Nullable Batmap batmap,
        long end) {

    /** Decides where everything will stand; changes nothing. */
    static ResizedTables plan(BlockFile file, VhdHeaders headers, DynamicHeader header, long size) throws IOException {
        SparseLayout layout = SparseLayout.of(headers.footer(), header);
        SparseLayout blocksOnly = new SparseLayout(size, header.tableOffset(), header.maxEntries(), header.blockSize());
        int maxEntries = (int) Math.max(header.maxEntries(), blocksOnly.blocks());
        SparseLayout resized = new SparseLayout(size, header.tableOffset(), maxEntries, header.blockSize());
        long headerOffset = headers.footer().dataOffset();
        if (headerOffset + DynamicHeader.SIZE > header.tableOffset()) {
            throw new UnsupportedVhdException(
                    file.name(), "its header stands behind its BAT; convert the disk instead of resizing it");
        }
        Batmap batmap = batmap(file, headers.footer(), layout);
        long end = batmap == null ? resized.tableEnd() : resized.tableEnd() + Batmap.SIZE + resized.batmapBytes();
        for (ParentLocator locator : header.locators()) {
            if (VhdResize.stands(locator, header.tableOffset(), Long.MAX_VALUE)) {
                end += locator.spaceBytes();
            }
        }
        return new ResizedTables(BlockTable.read(file, layout), resized, header, headerOffset, batmap, end);
    }

    private static @Nullable Batmap batmap(BlockFile file, Footer footer, SparseLayout layout) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Batmap.SIZE);
        file.read(layout.tableEnd(), bytes);
        boolean found = footer.creator().mayHaveBatmap() && !bytes.hasRemaining() && Batmap.isBatmap(bytes.flip());
        return found ? Batmap.decode(bytes) : null;
    }

    /** Returns what is to be written, once no block stands in the way. */
    List<Bytes> patches(BlockFile file) throws IOException {
        table.resize((int) resized.blocks());
        List<Bytes> patches = new ArrayList<>();
        int tableBytes = (int) (resized.tableEnd() - resized.tableOffset());
        patches.add(Bytes.of(resized.tableOffset(), table.encode(tableBytes)));
        long next = resized.tableEnd();
        if (batmap != null) {
            next = addBatmap(file, patches, batmap);
        }
        List<ParentLocator> locators = new ArrayList<>();
        for (ParentLocator locator : header.locators()) {
            boolean moves = VhdResize.stands(locator, header.tableOffset(), Long.MAX_VALUE);
            locators.add(moves ? addLocator(file, patches, locator, next) : locator);
            next += moves ? locator.spaceBytes() : 0;
        }
        DynamicHeader changed = header.withTable(resized.maxEntries(), locators);
        patches.add(Bytes.of(headerOffset, changed.encode()));
        return patches;
    }

    /** The bits of blocks that stay are kept; they are right wherever the blocks stand. */
    private long addBatmap(BlockFile file, List<Bytes> patches, Batmap old) throws IOException {
        ByteBuffer map = ByteBuffer.allocate((int) resized.batmapBytes());
        ByteBuffer bits = ByteBuffer.allocate((int) Math.min(map.capacity(), old.sectors() * 512L));
        file.read(old.offset(), bits);
        bits.flip();
        for (int block = 0; block < Math.min(table.blocks(), bits.limit() * 8); block++) {
            if (table.isAllocated(block) && (bits.get(block / 8) & 0x80 >> block % 8) != 0) {
                map.put(block / 8, (byte) (map.get(block / 8) | 0x80 >> block % 8));
            }
        }
        int checksum = Batmap.checksum(map, Batmap.checkedBytes(resized.sizeBytes()));
        patches.add(Bytes.of(
                resized.tableEnd(),
                old.movedTo(resized.tableEnd(), map.capacity(), checksum).encode()));
        patches.add(Bytes.of(resized.tableEnd() + Batmap.SIZE, map));
        return resized.tableEnd() + Batmap.SIZE + map.capacity();
    }

    private static ParentLocator addLocator(BlockFile file, List<Bytes> patches, ParentLocator locator, long offset)
            throws IOException {
        ByteBuffer payload = ByteBuffer.allocate((int) locator.spaceBytes());
        file.read(locator.dataOffset(), payload);
        patches.add(Bytes.of(offset, payload.clear()));
        return new ParentLocator(locator.platform(), locator.dataSpace(), locator.dataLength(), offset);
    }
}
