package io.catena.check.raw;

import static java.nio.ByteOrder.BIG_ENDIAN;

import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import io.catena.vhd.map.LastBlock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A VHD file as far as its bytes make sense: where a footer should be, which footer counts, the header that it points to.
 *
 * @param size of the file
 * @param trailing the bytes where the footer at the end stands, or should stand
 * @param copy the first bytes of the file
 * @param footer the one that counts: trailing, or the copy if no reader can make sense of trailing; null if neither is
 *     intact
 * @param header null if there is no footer that points to a place within the file
 * @param lastIsZeros whether zeros stand for the data of a block of which the file holds no more than the bitmap
 */
public record RawImage(
        BlockFile file,
        long size,
        RawFooter trailing,
        RawFooter copy,
        @Nullable RawFooter footer,
        @Nullable RawHeader header,
        boolean lastIsZeros) {
    private static final int SHORT_FOOTER = 511;

    /** A part of the file's metadata. */
    public record Region(String what, long start, long end) {
        public boolean overlaps(long otherStart, long otherEnd) {
            return start < otherEnd && otherStart < end;
        }
    }

    public static RawImage read(BlockFile file) throws IOException {
        long size = file.size();
        RawFooter trailing = footerAt(file, Math.max(0, size - RawFooter.SIZE));
        if (size % SparseLayout.SECTOR == SHORT_FOOTER && !trailing.isIntact()) {
            RawFooter shorter = footerAt(file, size - SHORT_FOOTER);
            trailing = shorter.isIntact() || shorter.isPoisoned() ? shorter : trailing;
        }
        RawFooter copy = footerAt(file, 0);
        trailing = trailing.besides(copy);
        RawFooter footer = chosen(trailing, copy);
        RawImage image = new RawImage(file, size, trailing, copy, footer, headerOf(file, size, footer), false);
        boolean lastIsZeros =
                !trailing.isIntact() && image.hasTable() && LastBlock.isZeros(file, image.layoutOfLittle());
        return lastIsZeros ? new RawImage(file, size, trailing, copy, footer, image.header(), true) : image;
    }

    private static @Nullable RawFooter chosen(RawFooter trailing, RawFooter copy) {
        // A fixed disk has no copy: what looks like one belongs to a guest who keeps VHDs.
        boolean copyCounts = copy.isIntact() && copy.isSparse();
        if (trailing.isUsable() || (trailing.isIntact() && !(copyCounts && copy.isUsable()))) {
            return trailing;
        }
        return copyCounts ? copy : null;
    }

    private static RawFooter footerAt(BlockFile file, long offset) throws IOException {
        return new RawFooter(offset, read(file, offset, RawFooter.SIZE));
    }

    private static @Nullable RawHeader headerOf(BlockFile file, long size, @Nullable RawFooter footer)
            throws IOException {
        if (footer == null || !footer.isSparse() || !hasRoomForHeader(footer, size)) {
            return null;
        }
        return new RawHeader(footer.dataOffset(), read(file, footer.dataOffset(), RawHeader.SIZE));
    }

    private static boolean hasRoomForHeader(RawFooter footer, long size) {
        return footer.dataOffset() >= RawFooter.SIZE && footer.dataOffset() <= size - RawHeader.SIZE;
    }

    /** Returns so many bytes of the file; what lies beyond it is zero. */
    public static ByteBuffer read(BlockFile file, long offset, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(BIG_ENDIAN);
        file.read(offset, bytes);
        return bytes.clear();
    }

    /** Returns this image with another header. */
    public RawImage withHeader(RawHeader other) {
        return new RawImage(file, size, trailing, copy, footer, other, lastIsZeros);
    }

    public boolean isPoisoned() {
        return footer == null && (trailing.isPoisoned() || copy.isPoisoned());
    }

    /** Where blocks must end: at the footer, or if there is none, with the file. */
    public long dataLimit() {
        return trailing.isIntact() ? trailing.offset() : size;
    }

    /** Whether the table can be read, and the arithmetic of blocks makes sense. */
    public boolean hasTable() {
        RawFooter f = footer;
        RawHeader h = header;
        return f != null
                && h != null
                && h.isIntact()
                && h.hasSaneBlockSize()
                && h.tableIsWithin(size)
                && f.hasSaneSize();
    }

    /** Whether the disk, or its BAT, is larger than what is opened; needs {@link #hasTable}. */
    public boolean isTooLarge() {
        long entries = sparseHeader().maxEntries();
        return Math.min(blocksNeeded(), entries) > SparseLayout.MAX_BLOCKS || entries > Integer.MAX_VALUE;
    }

    /** Number of blocks of the disk that the table has entries for; needs {@link #hasTable}. */
    public long blocks() {
        return Math.min(blocksNeeded(), entries());
    }

    /** Number of entries of the table that are looked at: whoever makes a file of holes can claim any number. */
    public long entries() {
        return Math.min(sparseHeader().maxEntries(), SparseLayout.MAX_BLOCKS);
    }

    private SparseLayout layoutOfLittle() {
        return new SparseLayout(
                sparseFooter().currentSize(),
                sparseHeader().tableOffset(),
                (int) entries(),
                sparseHeader().blockSize());
    }

    public long blocksNeeded() {
        return (sparseFooter().currentSize() - 1) / sparseHeader().blockSize()
                + (sparseFooter().currentSize() > 0 ? 1 : 0);
    }

    public int sectorsPerBlock() {
        return sparseHeader().blockSize() / SparseLayout.SECTOR;
    }

    public int bitmapBytes() {
        return (int) SparseLayout.roundUp(sectorsPerBlock() / 8, SparseLayout.SECTOR);
    }

    /** Bytes of a block, its bitmap included. */
    public long blockBytes() {
        return (long) bitmapBytes() + sparseHeader().blockSize();
    }

    public static long blockStart(int entry) {
        return Integer.toUnsignedLong(entry) * SparseLayout.SECTOR;
    }

    /** Whether the file ends exactly where the data of this block should begin. */
    public boolean lacksAllData(int entry) {
        return !trailing.isIntact() && blockStart(entry) + bitmapBytes() == size;
    }

    /** As {@link #lacksAllData}, and nothing is lost by that. */
    public boolean lacksOnlyZeros(int entry) {
        return lastIsZeros && lacksAllData(entry);
    }

    /** Returns a reader of the BAT. */
    public Window table() {
        return new Window(file, sparseHeader().tableOffset());
    }

    /** Returns the batmap; null if there is none. Needs {@link #hasTable}. */
    @Nullable
    public RawBatmap batmap() throws IOException {
        if (!sparseFooter().mayHaveBatmap() || sparseHeader().tableEnd() > size - RawBatmap.SIZE) {
            return null;
        }
        long at = sparseHeader().tableEnd();
        RawBatmap batmap = new RawBatmap(at, read(file, at, RawBatmap.SIZE));
        return batmap.hasCookie() ? batmap : null;
    }

    /** Returns what stands in the file beside blocks and the trailing footer; needs {@link #hasTable}. */
    public List<Region> metadata() throws IOException {
        List<Region> regions = new ArrayList<>();
        RawHeader h = sparseHeader();
        regions.add(new Region("the copy of the footer", 0, RawFooter.SIZE));
        regions.add(new Region("the dynamic header", h.offset(), h.offset() + RawHeader.SIZE));
        regions.add(new Region("the BAT", h.tableOffset(), h.tableEnd()));
        RawBatmap batmap = batmap();
        if (batmap != null) {
            regions.add(new Region("the batmap header", batmap.offset(), batmap.offset() + RawBatmap.SIZE));
            if (batmap.isWithin(size)) {
                regions.add(new Region("the batmap", batmap.mapOffset(), batmap.mapOffset() + batmap.mapBytes()));
            }
        }
        return regions;
    }

    /** Returns the places of the parent locators' paths. */
    public List<Region> locatorPayloads() {
        List<Region> regions = new ArrayList<>();
        for (RawLocator locator : sparseHeader().locators()) {
            if (locator.isUsed() && locator.spaceBytes() > 0 && locator.isWithin(size)) {
                regions.add(new Region(
                        "the path of parent locator " + locator.slot(),
                        locator.payloadOffset(),
                        locator.payloadOffset() + locator.spaceBytes()));
            }
        }
        return regions;
    }

    public RawFooter sparseFooter() {
        return Objects.requireNonNull(footer, "footer");
    }

    public RawHeader sparseHeader() {
        return Objects.requireNonNull(header, "header");
    }
}
