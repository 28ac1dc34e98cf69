package io.catena.harness.tool;

import io.catena.format.Batmap;
import io.catena.format.DiskType;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.UUID;

/**
 * A dynamic disk with any block size, made by hand and filled at random.
 *
 * @param batmap whether it is blktap's, with a batmap
 */
record SampleVhd(int blockSize, long sizeBytes, boolean batmap) {
    private static final long TABLE_OFFSET = 1536;

    /** Makes the file, empty. */
    void make(Storage storage, String name) throws IOException {
        int entries = Math.toIntExact((sizeBytes + blockSize - 1) / blockSize);
        DynamicHeader header = DynamicHeader.dynamic(TABLE_OFFSET, entries, blockSize);
        SparseLayout layout = new SparseLayout(sizeBytes, TABLE_OFFSET, entries, blockSize);
        Footer tap = Footer.of(DiskType.DYNAMIC, sizeBytes, new UUID(7, sizeBytes), 1);
        Footer footer = batmap ? tap : byWindows(tap);
        try (BlockFile file = storage.create(name)) {
            byte[] table = new byte[(int) (layout.tableEnd() - TABLE_OFFSET)];
            Arrays.fill(table, (byte) 0xff);
            file.write(0, footer.encode());
            file.write(512, header.encode());
            file.write(TABLE_OFFSET, ByteBuffer.wrap(table));
            long end = layout.tableEnd();
            if (batmap) {
                ByteBuffer map = ByteBuffer.allocate((int) layout.batmapBytes());
                int checksum = Batmap.checksum(map, Batmap.checkedBytes(sizeBytes));
                file.write(end, Batmap.of(end, map.capacity(), checksum).encode());
                file.write(end + Batmap.SIZE, map);
                end += Batmap.SIZE + map.capacity();
            }
            file.write(end, footer.encode());
            file.sync();
        }
        storage.syncNames();
    }

    private static Footer byWindows(Footer f) {
        Footer.Creator windows = new Footer.Creator(0x77696e20, 0x000a_0000, 0x5769326b);
        return new Footer(
                false,
                f.dataOffset(),
                1,
                windows,
                f.originalSize(),
                f.currentSize(),
                f.geometry(),
                f.type(),
                f.uniqueId(),
                false,
                false);
    }

    /** Writes runs of random sectors into {@code blocks} random blocks. */
    static void fill(Storage storage, String name, int blockSize, int blocks, Random random) throws IOException {
        try (Layer layer = ChainFile.vhd(storage, name).openWritable(storage, null)) {
            int sectors = blockSize / 512;
            long count = (layer.sizeBytes() + blockSize - 1) / blockSize;
            for (int i = 0; i < blocks; i++) {
                long block = random.nextLong(count);
                int first = random.nextInt(sectors);
                int run = random.nextInt(10) == 0 ? sectors - first : 1 + random.nextInt(Math.min(64, sectors - first));
                if (random.nextInt(5) == 0) {
                    first = 0;
                    run = sectors;
                }
                long offset = block * blockSize + first * 512L;
                byte[] bytes = new byte[(int) Math.max(0, Math.min(run * 512L, layer.sizeBytes() - offset))];
                random.nextBytes(bytes);
                if (bytes.length > 0) {
                    layer.write(offset, ByteBuffer.wrap(bytes));
                }
            }
        }
    }
}
