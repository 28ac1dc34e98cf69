package io.catena.vhd;

import io.catena.format.Batmap;
import io.catena.format.DiskType;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;

/**
 * Makes empty VHD files, laid out as blktap does it: copy of the footer, header, BAT, batmap, parent locators, footer.
 * The bytes are durable when a method returns; the name is after {@link Storage#syncNames}.
 */
public final class VhdCreator {
    private static final int BLOCK_SIZE = DynamicHeader.DEFAULT_BLOCK_SIZE;
    private static final long HEADER_OFFSET = Footer.SIZE;
    private static final long TABLE_OFFSET = HEADER_OFFSET + DynamicHeader.SIZE;

    private final Storage storage;

    public VhdCreator(Storage storage) {
        this.storage = storage;
    }

    /** Returns the size that a disk of at least {@code sizeBytes} gets: a whole number of blocks, at least one. */
    public static long roundedSize(long sizeBytes) {
        return Math.max(BLOCK_SIZE, SparseLayout.roundUp(sizeBytes, BLOCK_SIZE));
    }

    /**
     * Makes a disk that takes space as it is written.
     *
     * @param timestamp when it was made, as {@link io.catena.format.VhdTime} counts
     * @throws java.nio.file.FileAlreadyExistsException if there is a file of this name
     */
    public void dynamic(String name, long sizeBytes, UUID id, int timestamp) throws IOException {
        dynamic(name, sizeBytes, sizeBytes, id, timestamp);
    }

    /**
     * Makes a disk that takes space as it is written, with room in its BAT to grow.
     *
     * @param reserveBytes the size to which it can grow without a block being moved
     * @param timestamp when it was made, as {@link io.catena.format.VhdTime} counts
     * @throws java.nio.file.FileAlreadyExistsException if there is a file of this name
     */
    public void dynamic(String name, long sizeBytes, long reserveBytes, UUID id, int timestamp) throws IOException {
        Footer footer = Footer.of(DiskType.DYNAMIC, sizeBytes, id, timestamp);
        try (BlockFile file = storage.create(name)) {
            int entries = entries(Math.max(sizeBytes, reserveBytes));
            long end = writeTables(file, sizeBytes, entries);
            file.write(HEADER_OFFSET, header(entries).encode());
            finish(file, footer, end);
        }
    }

    /**
     * Makes a disk that starts with its parent's content.
     *
     * @param parent where the parent will be, seen from where this file will be
     * @throws java.nio.file.FileAlreadyExistsException if there is a file of this name
     */
    public void differencing(String name, long sizeBytes, UUID id, int timestamp, ParentLink parent)
            throws IOException {
        differencing(name, sizeBytes, sizeBytes, id, timestamp, parent);
    }

    /** As {@link #differencing(String, long, UUID, int, ParentLink)}, with room in its BAT to grow. */
    public void differencing(String name, long sizeBytes, long reserveBytes, UUID id, int timestamp, ParentLink parent)
            throws IOException {
        Footer footer = Footer.of(DiskType.DIFFERENCING, sizeBytes, id, timestamp);
        try (BlockFile file = storage.create(name)) {
            int entries = entries(Math.max(sizeBytes, reserveBytes));
            long end = writeTables(file, sizeBytes, entries);
            List<ParentLink.Patch> patches = parent.layOut(header(entries), HEADER_OFFSET, end);
            for (ParentLink.Patch patch : patches) {
                patch.apply(file);
            }
            finish(file, footer, file.size());
        }
    }

    /** Makes a disk that takes all its space at once, as far as the file system does not leave holes. */
    public void fixed(String name, long sizeBytes, UUID id, int timestamp) throws IOException {
        Footer footer = Footer.of(DiskType.FIXED, sizeBytes, id, timestamp);
        try (BlockFile file = storage.create(name)) {
            file.write(sizeBytes, footer.encode());
            file.sync();
        }
    }

    private static DynamicHeader header(int entries) {
        return DynamicHeader.dynamic(TABLE_OFFSET, entries, BLOCK_SIZE);
    }

    private static int entries(long sizeBytes) {
        return (int) ((sizeBytes + BLOCK_SIZE - 1) / BLOCK_SIZE);
    }

    /** Writes an empty BAT and batmap; returns where they end. */
    private static long writeTables(BlockFile file, long sizeBytes, int entries) throws IOException {
        SparseLayout layout = new SparseLayout(sizeBytes, TABLE_OFFSET, entries, BLOCK_SIZE);
        ByteBuffer table = ByteBuffer.allocate((int) (layout.tableEnd() - TABLE_OFFSET));
        for (int block = 0; block < layout.maxEntries(); block++) {
            table.putInt(SparseLayout.UNALLOCATED);
        }
        file.write(TABLE_OFFSET, table.rewind());
        ByteBuffer map = ByteBuffer.allocate((int) layout.batmapBytes());
        int checksum = Batmap.checksum(map, Batmap.checkedBytes(sizeBytes));
        file.write(
                layout.tableEnd(),
                Batmap.of(layout.tableEnd(), map.capacity(), checksum).encode());
        file.write(layout.tableEnd() + Batmap.SIZE, map);
        return layout.tableEnd() + Batmap.SIZE + map.capacity();
    }

    private static void finish(BlockFile file, Footer footer, long end) throws IOException {
        file.write(0, footer.encode());
        file.write(end, footer.encode());
        file.sync();
    }
}
