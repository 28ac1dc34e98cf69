package io.catena.stream;

import io.catena.api.ContentOrigin;
import io.catena.api.VdiImport;
import io.catena.api.VdiUpload;
import io.catena.format.DiskType;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.format.SparseLayout;
import io.catena.store.CacheBudget;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * A dynamic or differencing VHD, read from its beginning to its end: footer, header, BAT, blocks in any order, footer. Bitmaps are honoured.
 * No more is held than the entries of the blocks that are there, and a piece of one.
 */
final class SparseUpload implements VdiUpload {
    /** Enough for the largest disk in blocks of 512 KiB. */
    private static final int MOST_BLOCKS = 1 << 22;

    /** What may lie between the last block and the footer: blocks that were given up. */
    private static final long MOST_TAIL_BYTES = 1L << 30;

    private static final int PIECE_BYTES = 2 << 20;
    private static final int PAGE_BYTES = 4096;

    private final ContentSource source;
    private final Head head;
    private final SparseLayout layout;
    private final SentBlocks blocks;
    private final boolean isRest;

    /** The head of a stream, as it came and as it was understood. */
    private record Head(ByteBuffer footerBytes, Footer footer, ByteBuffer headerBytes, DynamicHeader header) {
        static Head read(ByteBuffer footerBytes, ContentSource source, boolean isPacked) throws IOException {
            Footer footer = Uploads.check(() -> Footer.decode(footerBytes.duplicate(), Uploads.NAME, 0));
            refuseOthers(footer);
            if (!isPacked) {
                skipTo(source, footer.dataOffset(), "its header");
            }
            ByteBuffer headerBytes = source.readFully(ByteBuffer.allocate(DynamicHeader.SIZE));
            DynamicHeader header = Uploads.check(
                    () -> DynamicHeader.decode(headerBytes.duplicate(), Uploads.NAME, footer.dataOffset()));
            return new Head(footerBytes, footer, headerBytes, header);
        }

        SparseLayout layout() {
            SparseLayout layout = SparseLayout.of(footer, header);
            if (layout.blocks() > Math.min(MOST_BLOCKS, header.maxEntries())) {
                throw Uploads.strange("its " + footer.currentSize() + " bytes are " + layout.blocks()
                        + " blocks; its BAT has " + header.maxEntries() + " entries, at most " + MOST_BLOCKS
                        + " are read");
            }
            return layout;
        }
    }

    private SparseUpload(ContentSource source, Head head, SparseLayout layout, SentBlocks blocks, boolean isRest) {
        this.source = source;
        this.head = head;
        this.layout = layout;
        this.blocks = blocks;
        this.isRest = isRest;
    }

    /**
     * @param footerBytes how the stream begins
     */
    static SparseUpload begin(ContentSource source, ByteBuffer footerBytes) throws IOException {
        Head head = Head.read(footerBytes, source, false);
        SparseLayout layout = head.layout();
        skipTo(source, head.header().tableOffset(), "its BAT");
        return new SparseUpload(source, head, layout, blocks(source, layout), false);
    }

    /** Reads on in a stream, of which {@link #writeHead} wrote down the head. */
    static SparseUpload goOn(ContentSource packedHead, ContentSource rest) throws IOException {
        ByteBuffer footerBytes = packedHead.readFully(ByteBuffer.allocate(Footer.SIZE));
        Head head = Head.read(footerBytes, packedHead, true);
        SparseLayout layout = head.layout();
        return new SparseUpload(rest, head, layout, blocks(packedHead, layout), true);
    }

    private static SentBlocks blocks(ContentSource source, SparseLayout layout) throws IOException {
        return SentBlocks.read(source, (int) layout.blocks(), CacheBudget.process());
    }

    /** Footer, header and BAT, one behind the other wherever they stood in the stream. */
    @Override
    public boolean writeHead(WritableByteChannel sink) throws IOException {
        sink.write(head.footerBytes().duplicate());
        sink.write(head.headerBytes().duplicate());
        blocks.writeTo(sink);
        return true;
    }

    private static ContentOrigin origin(Footer footer, DynamicHeader header) {
        boolean whole = footer.type() == DiskType.DYNAMIC;
        return ContentOrigin.of(footer.uniqueId(), whole ? null : header.parentId());
    }

    private static void refuseOthers(Footer footer) {
        boolean sparse = footer.type() == DiskType.DYNAMIC || footer.type() == DiskType.DIFFERENCING;
        if (!sparse || footer.creator().hasLittleEndianBitmaps()) {
            throw Uploads.strange("its footer is of type " + footer.type() + " by " + footer.creator());
        }
        if (footer.currentSize() <= 0 || footer.currentSize() > Footer.MAX_DISK_BYTES) {
            throw Uploads.strange(
                    "its disk has " + footer.currentSize() + " bytes, a VHD from 512 to " + Footer.MAX_DISK_BYTES);
        }
    }

    /** What comes once cannot be gone back to; and whatever overlaps would be read as two things. */
    private static void skipTo(ContentSource source, long offset, String what) throws IOException {
        if (offset < source.position()) {
            throw Uploads.strange(what + " stands at byte " + Long.toUnsignedString(offset) + ", where "
                    + source.position() + " bytes are something else already");
        }
        source.skipTo(offset);
    }

    @Override
    public long sizeBytes() {
        return head.footer().currentSize();
    }

    @Override
    public ContentOrigin origin() {
        return origin(head.footer(), head.header());
    }

    long presentBytes() {
        return Math.min(sizeBytes(), (long) blocks.count() * layout.blockSize());
    }

    @Override
    public void copyTo(VdiImport target) throws IOException {
        ByteBuffer bitmap = ByteBuffer.allocate(layout.bitmapBytes());
        ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES + PAGE_BYTES).alignedSlice(PAGE_BYTES);
        for (int i = firstBlock(); i < blocks.count(); i++) {
            target.reached(source.position());
            int block = blocks.block(i);
            skipTo(source, blocks.offset(i), "block " + block);
            source.readFully(bitmap.clear());
            copyBlock(target, (long) block * layout.blockSize(), bitmap, piece);
        }
        checkFooter();
    }

    /** Returns which block comes first of those that did not come before. */
    private int firstBlock() {
        long blockBytes = (long) layout.bitmapBytes() + layout.blockSize();
        int first = 0;
        while (isRest && first < blocks.count() && blocks.offset(first) + blockBytes <= source.position()) {
            first++;
        }
        return first;
    }

    private void copyBlock(VdiImport target, long start, ByteBuffer bitmap, ByteBuffer piece) throws IOException {
        for (int in = 0; in < layout.blockSize(); in += PIECE_BYTES) {
            source.readFully(piece.clear().limit(Math.min(PIECE_BYTES, layout.blockSize() - in)));
            long offset = start + in;
            int inside = (int) Math.max(0, Math.min(piece.limit(), sizeBytes() - offset));
            copyPresent(target, offset, piece.limit(inside), bitmap, in / SparseLayout.SECTOR);
        }
    }

    /**
     * @param firstBit the bit of the first sector in {@code piece}
     */
    private void copyPresent(VdiImport target, long offset, ByteBuffer piece, ByteBuffer bitmap, int firstBit) {
        int sectors = piece.limit() / SparseLayout.SECTOR;
        int from = 0;
        for (int sector = 0; sector <= sectors; sector++) {
            if (sector == sectors || !isSet(bitmap, firstBit + sector)) {
                if (from < sector) {
                    ByteBuffer run = piece.slice(from * SparseLayout.SECTOR, (sector - from) * SparseLayout.SECTOR);
                    write(target, offset + (long) from * SparseLayout.SECTOR, run);
                }
                from = sector + 1;
            }
        }
    }

    private void write(VdiImport target, long offset, ByteBuffer run) {
        if (isWhole()) {
            NonZero.write(target, offset, run);
        } else {
            NonZero.writeOver(target, offset, run);
        }
    }

    private boolean isWhole() {
        return head.footer().type() == DiskType.DYNAMIC;
    }

    private static boolean isSet(ByteBuffer bitmap, int bit) {
        return (bitmap.get(bit / Byte.SIZE) & 0x80 >> bit % Byte.SIZE) != 0;
    }

    /** A stream that was cut off behind its last block must not pass for a whole one. */
    private void checkFooter() throws IOException {
        ByteBuffer last = lastBytes();
        Footer footer = head.footer();
        Footer end = Uploads.check(() -> Footer.decode(last, Uploads.NAME, source.position() - Footer.SIZE));
        boolean same = end.uniqueId().equals(footer.uniqueId())
                && end.type() == footer.type()
                && end.dataOffset() == footer.dataOffset()
                && end.currentSize() == footer.currentSize();
        if (!same) {
            throw Uploads.strange("it begins as the disk " + footer.uniqueId() + " of " + footer.currentSize()
                    + " bytes, and ends as " + end.uniqueId() + " of " + end.currentSize());
        }
    }

    private ByteBuffer lastBytes() throws IOException {
        long from = source.position();
        ByteBuffer last = source.readFully(ByteBuffer.allocate(Footer.SIZE));
        ByteBuffer next = ByteBuffer.allocate(Footer.SIZE);
        while (source.position() - from < MOST_TAIL_BYTES) {
            source.read(next.clear());
            next.flip();
            if (next.remaining() < Footer.SIZE) {
                return joined(last, next);
            }
            last.clear().put(next).flip();
        }
        throw Uploads.strange("more than " + MOST_TAIL_BYTES + " bytes follow its last block");
    }

    private static ByteBuffer joined(ByteBuffer last, ByteBuffer rest) {
        ByteBuffer both = ByteBuffer.allocate(Footer.SIZE);
        return both.put(last.position(rest.remaining())).put(rest).flip();
    }
}
