package io.catena.vhd;

import io.catena.format.CorruptVhdException;
import io.catena.format.DiskType;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.format.ParentLocator;
import io.catena.format.SparseLayout;
import io.catena.format.UnsupportedVhdException;
import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a VHD file says of itself: its footer and, of a dynamic or differencing disk, its header.
 *
 * @param footer the footer at the end of the file if that is valid, else its copy
 * @param header null for a fixed disk
 * @param trailingFooterOffset where the valid footer at the end stands, or -1 if there is none
 * @param validCopy whether the copy at the start is valid and equal; false for a fixed disk, which has none
 */
public record VhdHeaders(Footer footer, @Nullable DynamicHeader header, long trailingFooterOffset, boolean validCopy) {

    /**
     * Reads the headers of a file, as blktap finds them: the last 512 bytes, else the last 511 as early Virtual PC wrote
     * them, else the copy at the start.
     *
     * <p>More strictly than blktap, what looks like a footer at the end must be of the disk that the copy at the start is of.
     * After a power cut the file may end with a guest's data, and the guest may have written a footer of its own making
     * there, whose header names any file as a parent.
     *
     * @throws CorruptVhdException if there is no valid footer or header
     * @throws UnsupportedVhdException if the disk must not be opened
     */
    public static VhdHeaders read(BlockFile file) throws IOException {
        long size = file.size();
        CorruptVhdException reason = null;
        Footer trailing = null;
        long trailingOffset = size - Footer.SIZE;
        ByteBuffer end = sectorAt(file, trailingOffset);
        try {
            trailing = footer(end, file, trailingOffset);
        } catch (CorruptVhdException e) {
            reason = e;
        }
        if (trailing == null && size % 512 == 511) {
            trailingOffset++;
            end = sectorAt(file, trailingOffset);
            trailing = orNull(end, file, trailingOffset);
        }
        ByteBuffer start = sectorAt(file, 0);
        // Most are equal, and one look at them is enough then.
        Footer copy = trailing != null && start.equals(end) ? trailing : orNull(start, file, 0);
        if (trailing != null && copy != null && !isOfSameDisk(trailing, trailingOffset, copy)) {
            trailing = null;
        }
        if (trailing != null && trailing.type() == DiskType.FIXED) {
            if (trailing.currentSize() > trailingOffset) {
                throw new CorruptVhdException(
                        file.name(),
                        trailingOffset + 48,
                        "fixed disk of " + trailing.currentSize() + " bytes, the file has " + trailingOffset
                                + " before its footer");
            }
            return new VhdHeaders(trailing, null, trailingOffset, false);
        }
        Footer footer = trailing == null ? copy : trailing;
        if (footer == null) {
            throw new CorruptVhdException(
                    file.name(),
                    0,
                    "no valid footer, neither at the end nor at the start"
                            + (reason == null ? "" : "; at the end: " + reason.problem()));
        }
        if (footer.type() == DiskType.FIXED) {
            throw new CorruptVhdException(file.name(), 0, "a fixed disk without a footer at its end");
        }
        if (footer.creator().hasLittleEndianBitmaps()) {
            throw new UnsupportedVhdException(
                    file.name(), "written by blktap 0.1, whose bitmaps no current program reads");
        }
        DynamicHeader header = headerAt(file, footer.dataOffset());
        return new VhdHeaders(footer, header, trailing == null ? -1 : trailingOffset, Objects.equals(footer, copy));
    }

    /** Returns these as they are while the disk is written: nobody else may say where its footer at the end is. */
    public VhdHeaders withoutTrailingFooter() {
        return new VhdHeaders(footer, header, -1, validCopy);
    }

    /** The header of a disk that is known not to be fixed. */
    DynamicHeader sparseHeader() {
        return Objects.requireNonNull(header, "header");
    }

    /** Where the blocks of a disk stand that is known not to be fixed. */
    public SparseLayout layout() {
        return SparseLayout.of(footer, sparseHeader());
    }

    /**
     * Returns where the headers, the BAT and the locators end, of a disk that is known not to be fixed. A locator that points beyond the
     * file takes no room in it.
     */
    long end(long fileSize) {
        long locators = sparseHeader().locators().stream()
                .filter(l -> l.platform() != ParentLocator.NONE && l.dataOffset() >= 0)
                .mapToLong(l -> l.dataOffset() + l.spaceBytes())
                .filter(end -> end <= fileSize)
                .max()
                .orElse(0);
        long tables = Math.max(footer.dataOffset() + DynamicHeader.SIZE, layout().tableEnd());
        return Math.max(Math.max(tables, locators), Footer.SIZE);
    }

    /** Whether the disk needs a parent for what it does not hold. */
    public boolean isDifferencing() {
        return footer.type() == DiskType.DIFFERENCING;
    }

    /** Whether the parent is a file without headers, a thing that only blktap knows. */
    public boolean hasRawParent() {
        return isDifferencing() && sparseHeader().parentId().equals(DynamicHeader.NO_ID);
    }

    /** The start of a fixed disk is the guest's; so a footer that ends its data exactly is believed. */
    private static boolean isOfSameDisk(Footer trailing, long trailingOffset, Footer copy) {
        if (trailing.type() == DiskType.FIXED) {
            return trailing.currentSize() == trailingOffset || copy.type() == DiskType.FIXED;
        }
        return trailing.uniqueId().equals(copy.uniqueId())
                && trailing.type() == copy.type()
                && trailing.dataOffset() == copy.dataOffset();
    }

    private static @Nullable Footer orNull(ByteBuffer sector, BlockFile file, long offset) throws IOException {
        try {
            return footer(sector, file, offset);
        } catch (CorruptVhdException e) {
            return null;
        }
    }

    /** What the file does not reach is zero: a footer of 511 bytes lacks the last one, which is reserved. */
    private static ByteBuffer sectorAt(BlockFile file, long offset) throws IOException {
        ByteBuffer sector = ByteBuffer.allocate(Footer.SIZE);
        if (offset >= 0) {
            file.read(offset, sector);
        }
        return sector.clear();
    }

    private static Footer footer(ByteBuffer sector, BlockFile file, long offset) throws IOException {
        return Footer.decode(sector, file.name(), Math.max(0, offset));
    }

    private static DynamicHeader headerAt(BlockFile file, long offset) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(DynamicHeader.SIZE);
        if (offset < 0 || offset > file.size() - DynamicHeader.SIZE) {
            throw new CorruptVhdException(
                    file.name(), 16, "dynamic header at byte " + Long.toUnsignedString(offset) + ", beyond the file");
        }
        file.readFully(offset, bytes);
        return DynamicHeader.decode(bytes.flip(), file.name(), offset);
    }
}
