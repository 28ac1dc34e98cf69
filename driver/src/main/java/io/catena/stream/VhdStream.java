package io.catena.stream;

import io.catena.api.DiskRange;
import io.catena.disk.BlockDevice;
import io.catena.format.DiskType;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.format.Geometry;
import io.catena.format.SparseLayout;
import io.catena.vhd.ParentLink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A disk as a VHD: a dynamic one with all of its data, or a differencing one with the blocks that changed since a base.
 *
 * <p>Blocks are whole: all bits of their bitmaps are set, and what the disk does not hold is filled from its chain, or with
 * zeros. Readers such as Xen Orchestra's vhd-lib take whole blocks without a look at the bitmap, and would lose data else.
 *
 * <pre>
 *   footer, header, BAT, parent locators    (a multiple of 4096 bytes)
 *   for each block, ascending: 3584 bytes of padding, its bitmap (512 bytes), its data (2 MiB, on a page boundary)
 *   footer
 * </pre>
 *
 * <p>The creator is blktap 1.0: qemu and libvhd trust its size, and it promises no batmap.
 */
public final class VhdStream implements ContentStream {
    private static final int BLOCK_BYTES = DynamicHeader.DEFAULT_BLOCK_SIZE;
    private static final int PAGE_BYTES = 4096;
    private static final int BITMAP_BYTES = BLOCK_BYTES / SparseLayout.SECTOR / 8;
    private static final int STRIDE_BYTES = PAGE_BYTES + BLOCK_BYTES;
    private static final Footer.Creator CREATOR = new Footer.Creator(0x74617000, 0x0001_0000, 0);

    private final BlockDevice disk;
    private final int[] blocks;
    private final ByteBuffer head;
    private final ByteBuffer tail;

    /**
     * @param id the unique id that the VHD gets
     * @param timestamp when it was made, as {@link io.catena.format.VhdTime} counts; the same for the same disk
     * @param base null for all of the disk
     * @param changed the parts to be in it
     * @throws IOException if the disk is larger than the format allows
     */
    public VhdStream(BlockDevice disk, UUID id, int timestamp, @Nullable ParentLink base, List<DiskRange> changed)
            throws IOException {
        if (disk.sizeBytes() > Footer.MAX_DISK_BYTES) {
            throw new IOException(
                    "the disk has " + disk.sizeBytes() + " bytes, a VHD at most " + Footer.MAX_DISK_BYTES);
        }
        this.disk = disk;
        blocks = blocksOf(changed);
        Footer footer = new Footer(
                false,
                Footer.SIZE,
                timestamp,
                CREATOR,
                disk.sizeBytes(),
                disk.sizeBytes(),
                Geometry.of(disk.sizeBytes()),
                base == null ? DiskType.DYNAMIC : DiskType.DIFFERENCING,
                id,
                false,
                false);
        head = head(footer, base);
        tail = footer.encode();
    }

    private static int[] blocksOf(List<DiskRange> changed) {
        BitSet set = new BitSet();
        for (DiskRange extent : changed) {
            set.set((int) (extent.offset() / BLOCK_BYTES), (int) ((extent.end() - 1) / BLOCK_BYTES) + 1);
        }
        return set.stream().toArray();
    }

    private ByteBuffer head(Footer footer, @Nullable ParentLink base) {
        long tableOffset = Footer.SIZE + (long) DynamicHeader.SIZE;
        int entries = (int) ((disk.sizeBytes() + BLOCK_BYTES - 1) / BLOCK_BYTES);
        SparseLayout layout = new SparseLayout(disk.sizeBytes(), tableOffset, entries, BLOCK_BYTES);
        DynamicHeader header = DynamicHeader.dynamic(tableOffset, entries, BLOCK_BYTES);
        List<ParentLink.Patch> patches = base == null
                ? List.of(new ParentLink.Patch(Footer.SIZE, header.encode()))
                : base.layOut(header, Footer.SIZE, layout.tableEnd());
        long end = layout.tableEnd();
        for (ParentLink.Patch patch : patches) {
            end = Math.max(end, patch.offset() + patch.bytes().remaining());
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) SparseLayout.roundUp(end, PAGE_BYTES));
        bytes.put(footer.encode());
        patches.forEach(
                patch -> bytes.position((int) patch.offset()).put(patch.bytes().duplicate()));
        putTable(bytes.position((int) tableOffset), layout.tableEnd());
        return bytes.clear();
    }

    private void putTable(ByteBuffer bytes, long tableEnd) {
        int sector = (bytes.capacity() + PAGE_BYTES - BITMAP_BYTES) / SparseLayout.SECTOR;
        int block = 0;
        for (int entry = 0; bytes.position() < tableEnd; entry++) {
            boolean isThere = block < blocks.length && blocks[block] == entry;
            bytes.putInt(isThere ? sector + block++ * (STRIDE_BYTES / SparseLayout.SECTOR) : SparseLayout.UNALLOCATED);
        }
    }

    @Override
    public long lengthBytes() {
        return head.capacity() + (long) blocks.length * STRIDE_BYTES + tail.capacity();
    }

    /** The head tells which disk it is, since which base, and which blocks follow. */
    @Override
    public Optional<String> identity() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(head.duplicate());
            return Optional.of("vhd-" + HexFormat.of().formatHex(digest.digest()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    @Override
    public void writeTo(WritableByteChannel target, long from) throws IOException {
        long at = writeTo(target, head.duplicate(), 0, from);
        ByteBuffer piece = ByteBuffer.allocateDirect(STRIDE_BYTES);
        for (int block : blocks) {
            if (from < at + STRIDE_BYTES) {
                read(block, piece);
                writeTo(target, piece, at, from);
            }
            at += STRIDE_BYTES;
        }
        writeTo(target, tail.duplicate(), at, from);
    }

    /** Writes what of {@code bytes}, which stand at {@code at}, lies at or behind {@code from}; returns where they end. */
    private static long writeTo(WritableByteChannel target, ByteBuffer bytes, long at, long from) throws IOException {
        int length = bytes.remaining();
        bytes.position((int) Math.min(length, Math.max(0, from - at)));
        ContentStream.writeFully(target, bytes);
        return at + length;
    }

    private void read(int block, ByteBuffer piece) throws IOException {
        long offset = (long) block * BLOCK_BYTES;
        int length = (int) Math.min(BLOCK_BYTES, disk.sizeBytes() - offset);
        piece.clear().position(PAGE_BYTES - BITMAP_BYTES);
        while (piece.position() < PAGE_BYTES) {
            piece.putLong(-1);
        }
        disk.read(offset, piece.limit(PAGE_BYTES + length));
        piece.limit(STRIDE_BYTES);
        while (piece.hasRemaining()) {
            piece.put((byte) 0);
        }
        piece.flip();
    }
}
