package io.catena.harness.peer.reference;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One VHD file and, if it is differencing, its ancestors. Per sector: beyond this disk's size zeros; in this file if the
 * block is allocated and the sector's bit is set; else whatever the parent shows; without a parent zeros. The batmap is
 * never looked at.
 *
 * <p>Not safe for use by several threads.
 */
final class ReferenceVhd implements ReferenceLayer {
    private static final int UNALLOCATED = -1;

    private final ReferenceBytes file;
    private final ReferenceFooter footer;

    /** Null for a fixed disk. */
    private final @Nullable ReferenceHeader header;

    /** Null unless the disk is differencing. */
    private final @Nullable ReferenceLayer parent;

    /** Sector of each block's bitmap; empty for a fixed disk. */
    private final int[] table;

    private long bitmapBlock = -1;
    private byte[] bitmap = new byte[0];

    private ReferenceVhd(ReferenceBytes file, Path realPath, Set<Path> openAbove) throws IOException {
        this.file = file;
        this.footer = ReferenceFooter.find(file);
        if (footer.type() == ReferenceFooter.FIXED) {
            this.header = null;
            this.table = new int[0];
            this.parent = null;
            return;
        }
        this.header = ReferenceHeader.read(file, footer);
        this.table = readTable(file, header);
        this.parent = footer.type() == ReferenceFooter.DIFFERENCING ? openParent(header, realPath, openAbove) : null;
    }

    static ReferenceVhd open(Path path) throws IOException {
        return open(path, new LinkedHashSet<>());
    }

    /** @param openAbove real paths of the descendants through which this file was reached */
    private static ReferenceVhd open(Path path, Set<Path> openAbove) throws IOException {
        Path realPath = path.toRealPath();
        if (!openAbove.add(realPath)) {
            throw new IOException(realPath + ": is its own ancestor, by way of " + openAbove);
        }
        ReferenceBytes file = new ReferenceBytes(realPath);
        try {
            return new ReferenceVhd(file, realPath, openAbove);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static int[] readTable(ReferenceBytes file, ReferenceHeader header) throws IOException {
        long bytes = (long) header.tableEntries() * Integer.BYTES;
        if (bytes > file.size()) {
            throw new IOException(file.name() + ": a table of " + header.tableEntries() + " entries does not fit in "
                    + file.size() + " bytes");
        }
        int[] table = new int[header.tableEntries()];
        file.read(header.tableOffset(), Math.toIntExact(bytes)).asIntBuffer().get(table);
        return table;
    }

    private static ReferenceLayer openParent(ReferenceHeader header, Path child, Set<Path> openAbove)
            throws IOException {
        Path path = findParent(header, child);
        if (header.parentUniqueId().equals(ReferenceHeader.RAW_PARENT)) {
            return ReferenceRaw.open(path);
        }
        ReferenceVhd parent = open(path, openAbove);
        if (!parent.footer.uniqueId().equals(header.parentUniqueId())) {
            parent.close();
            throw new IOException(child + ": its parent's unique id is " + header.parentUniqueId() + ", but " + path
                    + " has " + parent.footer.uniqueId());
        }
        return parent;
    }

    /** The first stored name that leads to a file, relative names seen from the child's directory. */
    private static Path findParent(ReferenceHeader header, Path child) throws IOException {
        for (String name : header.parentNames()) {
            Path candidate = child.resolveSibling(name).normalize();
            if (Files.isReadable(candidate) && !Files.isDirectory(candidate)) {
                return candidate;
            }
        }
        throw new IOException(child + ": no parent under any of " + header.parentNames());
    }

    @Override
    public long sizeBytes() {
        return footer.sizeBytes();
    }

    @Override
    public void readSector(long sector, byte[] target) throws IOException {
        long offset = sector * SECTOR_BYTES;
        long visible = Math.min(SECTOR_BYTES, footer.sizeBytes() - offset);
        if (visible <= 0) {
            Arrays.fill(target, (byte) 0);
            return;
        }
        if (header == null) {
            file.read(offset, (int) visible).get(target, 0, (int) visible);
        } else {
            readFromBlock(header, sector, target);
        }
        Arrays.fill(target, (int) visible, SECTOR_BYTES, (byte) 0);
    }

    private void readFromBlock(ReferenceHeader shape, long sector, byte[] target) throws IOException {
        int sectorsPerBlock = shape.blockBytes() / SECTOR_BYTES;
        int block = (int) (sector / sectorsPerBlock);
        int index = (int) (sector % sectorsPerBlock);
        if (table[block] != UNALLOCATED && isPresent(block, index, sectorsPerBlock)) {
            long data = Integer.toUnsignedLong(table[block]) * SECTOR_BYTES + bitmapBytes(sectorsPerBlock);
            readData(data, shape.blockBytes(), index, target);
        } else if (parent != null) {
            parent.readSector(sector, target);
        } else {
            Arrays.fill(target, (byte) 0);
        }
    }

    private void readData(long data, int blockBytes, int index, byte[] target) throws IOException {
        if (data == file.size()) {
            // "vhd-util fill -b" leaves the last block without any data, to be taken as zeros.
            Arrays.fill(target, (byte) 0);
            return;
        }
        if (data + blockBytes > file.size()) {
            throw new IOException(file.name() + ": ends at " + file.size() + ", inside the block whose " + blockBytes
                    + " bytes of data start at " + data);
        }
        file.read(data + (long) index * SECTOR_BYTES, SECTOR_BYTES).get(target);
    }

    /** The most significant bit of the first byte stands for the first sector. */
    private boolean isPresent(int block, int index, int sectorsPerBlock) throws IOException {
        if (bitmapBlock != block) {
            long offset = Integer.toUnsignedLong(table[block]) * SECTOR_BYTES;
            byte[] bits = new byte[bitmapBytes(sectorsPerBlock)];
            file.read(offset, bits.length).get(bits);
            bitmap = bits;
            bitmapBlock = block;
        }
        return (bitmap[index / 8] & (0x80 >> (index % 8))) != 0;
    }

    private static int bitmapBytes(int sectorsPerBlock) {
        int bytes = (sectorsPerBlock + 7) / 8;
        return (bytes + SECTOR_BYTES - 1) / SECTOR_BYTES * SECTOR_BYTES;
    }

    @Override
    public void close() throws IOException {
        try (file) {
            if (parent != null) {
                parent.close();
            }
        }
    }
}
