package io.catena.format;

/**
 * Where everything is in a dynamic or differencing disk: arithmetic only. Offsets are in bytes from the start of the
 * file, BAT entries in sectors.
 *
 * @param sizeBytes size of the virtual disk
 * @param tableOffset where the BAT stands
 * @param maxEntries number of entries that the BAT has room for
 * @param blockSize bytes of data in a block
 */
public record SparseLayout(long sizeBytes, long tableOffset, int maxEntries, int blockSize) {
    public static final int SECTOR = 512;

    /** The BAT entry of a block that the file does not hold. */
    public static final int UNALLOCATED = -1;

    /** The most blocks that a disk may have to be opened, for the sake of memory: 32 TiB in blocks of 2 MiB. */
    public static final int MAX_BLOCKS = 1 << 24;

    /** A BAT entry is an unsigned 32-bit sector number, so no block starts beyond 2 TiB. */
    private static final long MAX_ENTRY = 0xFFFF_FFFEL;

    /** Data stands on page boundaries, a rule of libvhd. */
    private static final int PAGE_SECTORS = 8;

    public static SparseLayout of(Footer footer, DynamicHeader header) {
        return new SparseLayout(footer.currentSize(), header.tableOffset(), header.maxEntries(), header.blockSize());
    }

    /** Number of BAT entries that the disk's size needs. */
    public long blocks() {
        return sizeBytes / blockSize + (sizeBytes % blockSize == 0 ? 0 : 1);
    }

    public int sectorsPerBlock() {
        return blockSize / SECTOR;
    }

    /** Bytes of the bitmap before each block's data. */
    public int bitmapBytes() {
        return (int) roundUp(sectorsPerBlock() / 8, SECTOR);
    }

    /** Where the bitmap of a block stands. */
    public long bitmapOffset(int entry) {
        return Integer.toUnsignedLong(entry) * SECTOR;
    }

    /** Where the data of a block stands. */
    public long dataOffset(int entry) {
        return bitmapOffset(entry) + bitmapBytes();
    }

    /** Where a block ends. */
    public long blockEnd(int entry) {
        return dataOffset(entry) + blockSize;
    }

    /** Where the sector of the BAT that holds a block's entry stands. */
    public long tableSectorOffset(int block) {
        return tableOffset + (long) block * Integer.BYTES / SECTOR * SECTOR;
    }

    /** Where the BAT ends; blktap's batmap header stands there. */
    public long tableEnd() {
        return tableOffset + roundUp((long) maxEntries * Integer.BYTES, SECTOR);
    }

    /** Bytes of the batmap that blktap keeps. */
    public long batmapBytes() {
        return Math.max(SECTOR, roundUp((maxEntries + 7L) / 8, SECTOR));
    }

    /**
     * Returns the BAT entry of a new block behind everything that ends at {@code dataEnd}, its data on a page boundary,
     * or {@link #UNALLOCATED} if the file cannot hold it.
     */
    public int entryAfter(long dataEnd) {
        long sector = roundUp(dataEnd, SECTOR) / SECTOR;
        int bitmapSectors = bitmapBytes() / SECTOR;
        sector = roundUp(sector + bitmapSectors, PAGE_SECTORS) - bitmapSectors;
        return sector > MAX_ENTRY ? UNALLOCATED : (int) sector;
    }

    /** Returns the least multiple of {@code unit} that is not less than {@code value}. */
    public static long roundUp(long value, long unit) {
        return (value + unit - 1) / unit * unit;
    }
}
