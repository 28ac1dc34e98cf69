package io.catena.vhd;

import io.catena.format.Batmap;
import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import io.catena.vhd.map.BlockMap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The batmap of one open file: read when the file is opened, rewritten when it is closed or about to be. In between its bits
 * are only cleared, since a clear bit says nothing.
 *
 * <p><b>Threads.</b> For one at a time.
 */
final class BatmapFile {
    /** A map for 2^27 blocks; more is damage, and would not fit in memory. */
    private static final int MAX_MAP_BYTES = 16 << 20;

    private final BlockFile file;
    private final SparseLayout layout;
    private final Batmap header;

    /** What stands in the file, or may; null if that cannot be trusted. */
    private @Nullable ByteBuffer trusted;

    private BatmapFile(BlockFile file, SparseLayout layout, Batmap header) {
        this.file = file;
        this.layout = layout;
        this.header = header;
    }

    /** Finds the batmap behind the BAT; empty if there is none that makes sense. */
    static Optional<BatmapFile> find(BlockFile file, VhdHeaders headers, SparseLayout layout) throws IOException {
        if (!headers.footer().creator().mayHaveBatmap()) {
            return Optional.empty();
        }
        ByteBuffer bytes = ByteBuffer.allocate(Batmap.SIZE);
        file.read(layout.tableEnd(), bytes);
        if (bytes.hasRemaining() || !Batmap.isBatmap(bytes.flip())) {
            return Optional.empty();
        }
        Batmap header = Batmap.decode(bytes);
        boolean sane = header.offset() >= layout.tableEnd() + Batmap.SIZE
                && header.offset() < file.size()
                && header.sectors() > 0
                && mapBytes(header) >= (layout.blocks() + 7) / 8
                && mapBytes(header) <= MAX_MAP_BYTES
                && header.offset() + mapBytes(header) <= file.size();
        return sane ? Optional.of(new BatmapFile(file, layout, header)) : Optional.empty();
    }

    /** Where the map ends. */
    long end() {
        return header.offset() + mapBytes(header);
    }

    /**
     * Tells {@code map} which blocks are full, if the bits can be trusted: a batmap is a shortcut, never needed.
     *
     * @return false if other programs would take offence at the bits, as a crash may leave them
     */
    boolean load(BlockMap map) throws IOException {
        if (header.version() != Batmap.VERSION_1_2) {
            return true;
        }
        ByteBuffer bits = ByteBuffer.allocate((int) mapBytes(header));
        file.readFully(header.offset(), bits);
        bits.flip();
        if (Batmap.checksum(bits, Batmap.checkedBytes(layout.sizeBytes())) != header.checksum()) {
            return false;
        }
        trusted = bits;
        return map.readBatmap(bits);
    }

    /** Clears the bits of {@code blocks} in the file. Durable with the next sync. */
    void forget(Collection<Integer> blocks) throws IOException {
        ByteBuffer bits = trusted;
        if (bits == null || blocks.stream().noneMatch(block -> isSet(bits, block))) {
            return;
        }
        blocks.forEach(block -> bits.put(block / 8, (byte) (bits.get(block / 8) & ~(0x80 >> block % 8))));
        write(bits);
    }

    private static boolean isSet(ByteBuffer bits, int block) {
        return (bits.get(block / 8) & 0x80 >> block % 8) != 0;
    }

    /** Writes the bits of all blocks that {@code map} knows to be full. The bitmaps that say so must be durable. */
    void store(BlockMap map) throws IOException {
        ByteBuffer bits = map.batmap((int) mapBytes(header));
        trusted = bits;
        write(bits);
    }

    /** Between the two writes the checksum is wrong, which whoever opens the file finds out. */
    private void write(ByteBuffer bits) throws IOException {
        int checksum = Batmap.checksum(bits, Batmap.checkedBytes(layout.sizeBytes()));
        file.write(header.offset(), bits.duplicate());
        file.write(layout.tableEnd(), header.withChecksum(checksum).encode());
    }

    private static long mapBytes(Batmap header) {
        return Integer.toUnsignedLong(header.sectors()) * SparseLayout.SECTOR;
    }
}
