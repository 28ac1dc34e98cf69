package io.catena.vhd.map;

import static java.nio.ByteOrder.BIG_ENDIAN;

import io.catena.format.CorruptVhdException;
import io.catena.format.SparseLayout;
import io.catena.format.UnsupportedVhdException;
import io.catena.store.BlockFile;
import io.catena.store.CacheBudget;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Where each block of a sparse disk stands, and which of its sectors are present: the BAT and the sector bitmaps, as
 * they are in memory, which may be ahead of the file.
 *
 * <p>What is ahead of the file is <em>pending</em>: {@link #freeze} sets apart what is pending at one moment, {@link
 * #writeBack} writes it and nothing that came later, since the data of that may not be on the platter yet.
 *
 * <p><b>Memory.</b> A bit per block, four bytes more where blocks are allocated, and a bounded number of bitmaps: all of it
 * counts against the budget of the process.
 *
 * <p><b>Threads.</b> Safe for use by many threads. Blocks that are not there, or whole, are told without a lock. While a
 * block is given up nobody may use what it was told of its place.
 */
public final class BlockMap implements CacheBudget.Cache {
    private static final int CACHED_BITMAPS = 4096;

    /** Of a file that is only read; whoever reads through a chain remembers what they say. */
    private static final int FEW_CACHED_BITMAPS = 64;

    private static final int MAX_PENDING_BLOCKS = 2048;

    /** However many disks there are, so that not every write is followed by a flush. */
    private static final int FEW_PENDING_BLOCKS = 64;

    /** A bitmap of a usual block, with what holds it. */
    private static final int BITMAP_BYTES = 640;

    private static final int ENTRIES_PER_SECTOR = BlockTable.PART_ENTRIES;

    private final BlockFile file;
    private final CacheBudget budget;
    private final SparseLayout layout;
    private final BlockTable entries;

    /** How many bitmaps are in memory, to be asked without the lock. */
    private volatile int bitmapsHeld;

    private final FullBlocks full;

    /** Bitmaps by block, least recently used first; those of pending blocks are never dropped. Guarded by this. */
    private final LinkedHashMap<Integer, SectorBitmap> bitmaps = new LinkedHashMap<>(16, 0.75f, true);

    /** Guarded by this. */
    private int mostBitmaps = CACHED_BITMAPS;

    /** Guarded by this. */
    private final LoggedChanges log;

    /** Guarded by this. */
    private PendingBlocks pending = new PendingBlocks();

    /** What a flush under way is about to write; guarded by this. */
    private PendingBlocks frozen = new PendingBlocks();

    /** Guarded by this. */
    private final LeftPlaces places;

    private BlockMap(
            BlockFile file,
            SparseLayout layout,
            LoggedChanges log,
            LeftPlaces places,
            BlockTable entries,
            FullBlocks full,
            CacheBudget budget) {
        this.file = file;
        this.budget = budget;
        this.layout = layout;
        this.log = log;
        this.places = places;
        this.entries = entries;
        this.full = full;
    }

    /**
     * Reads the BAT, whole sectors of it, so that what stands behind its last entry can be written back as it was.
     *
     * @param redo remembers what is pending; null if it need not survive the process
     * @throws CorruptVhdException if the BAT is cut off or too small for the disk
     * @throws UnsupportedVhdException if the disk has more than {@link SparseLayout#MAX_BLOCKS} blocks
     */
    public static BlockMap read(BlockFile file, SparseLayout layout, @Nullable RedoLog redo) throws IOException {
        return read(file, layout, redo, CacheBudget.process());
    }

    /** As {@link #read(BlockFile, SparseLayout, RedoLog)}, within a budget. */
    static BlockMap read(BlockFile file, SparseLayout layout, @Nullable RedoLog redo, CacheBudget budget)
            throws IOException {
        BlockTable table = BlockTable.read(file, layout);
        LoggedChanges log = new LoggedChanges(file.name(), redo);
        FullBlocks full = new FullBlocks(table.length());
        BlockMap map = new BlockMap(file, layout, log, new LeftPlaces(), table, full, budget);
        budget.admit(map, file.name());
        return map;
    }

    /** Returns where the last block ends, or {@code headersEnd} if there is none. */
    public long dataEnd(long headersEnd) {
        return new BlockPlaces(layout, entries).dataEnd(headersEnd);
    }

    /**
     * Makes sure that no block stands where something else does.
     *
     * @param complete whether each block must lie within the file with all its data, as it must before the file is
     *     written; else the last may lack all of its data if zeros stand for them ({@link LastBlock})
     * @throws CorruptVhdException if a block overlaps the headers or another block, or reaches beyond the file
     */
    public void check(long headersEnd, boolean complete) throws IOException {
        new BlockPlaces(layout, entries).check(file, headersEnd, complete);
    }

    /**
     * Lets the next flush free the places between the blocks, which blocks that were given up have left behind.
     *
     * @param most how many at most
     */
    public synchronized void findGaps(long headersEnd, int most) {
        places.addAll(new BlockPlaces(layout, entries).gaps(headersEnd, most));
    }

    /** Returns how many bytes from {@code offset} on are alike, at most {@code maxBytes}: present, or, as a negative number, not. */
    public long run(long offset, long maxBytes) throws IOException {
        int block = (int) (offset / layout.blockSize());
        long rest = Math.min(maxBytes, (block + 1L) * layout.blockSize() - offset);
        int entry = entries.get(block);
        if (entry == SparseLayout.UNALLOCATED) {
            return -rest;
        }
        if (full.contains(block)) {
            return rest;
        }
        int sector = (int) (offset % layout.blockSize() / SparseLayout.SECTOR);
        synchronized (this) {
            SectorBitmap bitmap = bitmap(block, entry);
            long alike = (long) bitmap.run(sector, (int) (rest / SparseLayout.SECTOR)) * SparseLayout.SECTOR;
            return bitmap.isSet(sector) ? alike : -alike;
        }
    }

    public boolean isAllocated(int block) {
        return entries.get(block) != SparseLayout.UNALLOCATED;
    }

    /** Returns the first block of which something stands before {@code end} in the file; -1 if there is none. */
    public int firstBefore(long end) {
        for (int block = 0; block < layout.blocks(); block++) {
            int entry = entries.get(block);
            if (entry != SparseLayout.UNALLOCATED && layout.bitmapOffset(entry) < end) {
                return block;
            }
        }
        return -1;
    }

    /**
     * Gives a block another place, to which its bitmap and its data have been copied; nothing of it may be pending. Until the next
     * flush has succeeded the file, and the redo log, tell of the place before. So nothing is logged until then, and each write is
     * flushed.
     */
    public synchronized void move(int block, int entry) {
        pending.entriesBefore.put(block, entries.get(block));
        entries.set(block, entry);
        log.skip();
    }

    /**
     * Forgets what may stand in the file where a larger table is to be: places that blocks have left before {@code end}, and
     * entries behind that of the last block.
     */
    public synchronized void clearForGrowth(long end) {
        places.removeIf(place -> layout.bitmapOffset(place) < end);
        for (int block = (int) layout.blocks(); block < entries.length(); block++) {
            entries.set(block, SparseLayout.UNALLOCATED);
        }
    }

    /** Returns the map of the disk with another, larger size, which goes on in place of this. Nobody may use this meanwhile, nor after. */
    public synchronized BlockMap grown(SparseLayout larger) {
        BlockTable table = entries.grown((int) SparseLayout.roundUp(larger.blocks(), ENTRIES_PER_SECTOR));
        BlockMap map = new BlockMap(file, larger, log, places, table, full.grown(table.length()), budget);
        map.take(this);
        budget.add(map);
        return map;
    }

    private synchronized void take(BlockMap other) {
        bitmaps.putAll(other.bitmaps);
        bitmapsHeld = other.bitmapsHeld;
        mostBitmaps = other.mostBitmaps;
        pending = other.pending;
        frozen = other.frozen;
        other.bitmaps.clear();
        other.bitmapsHeld = 0;
    }

    /** Returns the first blocks from {@code from} on that are allocated. */
    public List<Integer> blocks(int from, int most) {
        return IntStream.range(from, (int) layout.blocks())
                .filter(this::isAllocated)
                .limit(most)
                .boxed()
                .toList();
    }

    /** Returns where in the file the byte at {@code offset} of the virtual disk stands; its block must be allocated. */
    public long fileOffset(long offset) {
        int entry = entries.get((int) (offset / layout.blockSize()));
        return layout.dataOffset(entry) + offset % layout.blockSize();
    }

    /** Enters a block of which no sector is present yet. */
    public synchronized void allocate(int block, int entry) {
        bitmaps.put(block, new SectorBitmap(layout.sectorsPerBlock()));
        pending.entriesBefore.putIfAbsent(block, entries.get(block));
        entries.set(block, entry);
        dropOldBitmaps();
        budget.grown();
    }

    /**
     * Takes a block out of the map: first in the redo log, then in memory. Its place is free when a flush that began
     * after this has succeeded, as {@link #takeLeft} tells then.
     */
    public synchronized void giveUp(int block) {
        int entry = entries.get(block);
        if (entry == SparseLayout.UNALLOCATED) {
            return;
        }
        log.add(RedoLog.Entry.givenUp(block, entry));
        places.add(entry);
        remove(block);
    }

    private void remove(int block) {
        pending.entriesBefore.putIfAbsent(block, entries.get(block));
        pending.bits.remove(block);
        bitmaps.remove(block);
        full.remove(block);
        entries.set(block, SparseLayout.UNALLOCATED);
    }

    /**
     * Notes that sectors of an allocated block are in the file: first in the redo log, then in memory, under one lock:
     * whoever finds a sector present here can rely on the log.
     */
    public synchronized void markPresent(int block, int firstSector, int sectors) throws IOException {
        int entry = entries.get(block);
        if (full.contains(block)) {
            return;
        }
        SectorBitmap bitmap = bitmap(block, entry);
        if (bitmap.isSet(firstSector, sectors)) {
            return;
        }
        log.add(new RedoLog.Entry(block, entry, firstSector, sectors));
        enter(block, bitmap, firstSector, sectors);
    }

    /**
     * Takes over what the redo log tells of, if there is one.
     *
     * @return whether it tells of anything
     * @throws RedoMisfitException if the log does not fit the file; nothing is taken over then
     */
    public synchronized boolean replay(long headersEnd) throws IOException {
        List<RedoLog.Entry> survivors = log.survivors();
        if (survivors.isEmpty()) {
            return false;
        }
        for (RedoLog.Entry entry : new RedoFit(file, layout, headersEnd).check(survivors, entries)) {
            replay(entry);
        }
        return true;
    }

    private void replay(RedoLog.Entry entry) throws IOException {
        if (entry.isGivenUp()) {
            // What the file says of its place may be newer than the record; it is a gap now, to be found as one.
            remove(entry.block());
            return;
        }
        if (!isAllocated(entry.block())) {
            allocate(entry.block(), entry.batEntry());
        }
        enter(entry.block(), bitmap(entry.block(), entry.batEntry()), entry.firstSector(), entry.sectors());
    }

    private void enter(int block, SectorBitmap bitmap, int firstSector, int sectors) {
        SectorBitmap news = pending.bits.computeIfAbsent(block, b -> new SectorBitmap(layout.sectorsPerBlock()));
        bitmap.set(firstSector, sectors, news);
        if (bitmap.isFull()) {
            full.add(block);
        }
    }

    /** Whether so much is pending that it is time for a flush. */
    public synchronized boolean wantsFlush() {
        return log.isDue() || pending.bits.size() >= mostPendingBlocks();
    }

    /** Whether half as much is pending. */
    public synchronized boolean wantsFlushSoon() {
        return wantsFlush() || pending.bits.size() >= mostPendingBlocks() / 2 || log.isSoonDue();
    }

    /** Each of them has two bitmaps, which cannot be given up before the flush. */
    private int mostPendingBlocks() {
        return budget.isUsedUp()
                ? (int) Math.max(
                        FEW_PENDING_BLOCKS, Math.min(MAX_PENDING_BLOCKS, budget.shareBytes() / 2 / BITMAP_BYTES))
                : MAX_PENDING_BLOCKS;
    }

    @Override
    public long fixedBytes() {
        return entries.bytes() + full.bytes();
    }

    @Override
    public long cachedBytes() {
        return bitmapsHeld * (long) BITMAP_BYTES;
    }

    @Override
    public synchronized void trim(long bytes) {
        dropOldBitmaps((int) Math.min(mostBitmaps, bytes / BITMAP_BYTES));
    }

    /** Sets apart what is pending now; returns whether there is anything. */
    public synchronized boolean freeze() {
        frozen.add(pending);
        pending = new PendingBlocks();
        places.freeze();
        log.freeze();
        return !frozen.isEmpty();
    }

    /** Writes what {@link #freeze} set apart, and nothing newer. Durable after the next sync of the file. */
    public void writeBack() throws IOException {
        PendingBlocks work;
        synchronized (this) {
            work = frozen;
        }
        for (int block : work.bits.keySet()) {
            PlacedBitmap bitmap = bitmapToWrite(block);
            if (bitmap != null) {
                file.write(layout.bitmapOffset(bitmap.entry()), bitmap.bytes());
            }
        }
        Set<Integer> tableSectors = new HashSet<>();
        work.entriesBefore.keySet().forEach(block -> tableSectors.add(block / ENTRIES_PER_SECTOR));
        for (int tableSector : tableSectors) {
            int first = tableSector * ENTRIES_PER_SECTOR;
            file.write(layout.tableSectorOffset(first), entriesToWrite(first));
        }
    }

    /** Forgets what {@link #writeBack} wrote: it is durable. */
    public synchronized void forgetFrozen() throws IOException {
        frozen = new PendingBlocks();
        log.forgetFrozen();
    }

    /** Returns the blocks that have another place, their first or none, in what {@link #freeze} set apart. */
    public synchronized Set<Integer> changedPlaces() {
        return Set.copyOf(frozen.entriesBefore.keySet());
    }

    /** Whether what {@link #freeze} set apart tells of sectors or places that the file has not told of before. */
    public synchronized boolean pointsToNews() {
        return !frozen.bits.isEmpty()
                || frozen.entriesBefore.keySet().stream()
                        .anyMatch(block -> settledEntry(block) != SparseLayout.UNALLOCATED);
    }

    /** Returns the entry of a block without what is pending. */
    private int settledEntry(int block) {
        return pending.entriesBefore.getOrDefault(block, entries.get(block));
    }

    /** Notes that no BAT tells any more of the places that {@link #freeze} set apart; to be called after a flush succeeded. */
    public synchronized void settleLeft() {
        places.settle();
    }

    /** Returns places that blocks have given up and no BAT tells of any more, the first ones; each once. */
    public synchronized List<Integer> takeLeft(int most) {
        return places.take(most);
    }

    /** Returns how many there are. */
    public synchronized int placesLeft() {
        return places.freeCount();
    }

    /** Returns how many there will be more after the next flush. */
    public synchronized int placesLeaving() {
        return places.leavingCount();
    }

    /** Reads the batmap's bits; those of blocks that are not allocated are lies and ignored. Returns whether none were. */
    public boolean readBatmap(ByteBuffer map) {
        boolean truthful = true;
        for (int block = 0; block < layout.blocks(); block++) {
            if ((map.get(block / 8) & 0x80 >> block % 8) == 0) {
                continue;
            }
            if (isAllocated(block)) {
                full.add(block);
            } else {
                truthful = false;
            }
        }
        return truthful;
    }

    /** Returns the batmap that tells of all blocks known to be full. */
    public ByteBuffer batmap(int bytes) {
        return full.encode((int) layout.blocks(), bytes);
    }

    /**
     * Returns the bitmap of a block without what is pending; null if the block was given up since {@link #freeze}. What the
     * file then says of its sectors, their older values or nothing, are values that they may have: they were discarded.
     */
    private synchronized @Nullable PlacedBitmap bitmapToWrite(int block) throws IOException {
        int entry = entries.get(block);
        if (entry == SparseLayout.UNALLOCATED || pending.entriesBefore.containsKey(block)) {
            return null;
        }
        SectorBitmap bitmap = bitmap(block, entry);
        SectorBitmap newer = pending.bits.get(block);
        SectorBitmap settled = newer == null ? bitmap : bitmap.without(newer);
        return new PlacedBitmap(entry, settled.encode(layout.bitmapBytes()));
    }

    /** A bitmap as it is to be written, and the BAT entry of its block. */
    private record PlacedBitmap(int entry, ByteBuffer bytes) {}

    private synchronized ByteBuffer entriesToWrite(int first) {
        ByteBuffer sector = ByteBuffer.allocate(SparseLayout.SECTOR).order(BIG_ENDIAN);
        for (int block = first; block < first + ENTRIES_PER_SECTOR; block++) {
            sector.putInt(settledEntry(block));
        }
        return sector.rewind();
    }

    private SectorBitmap bitmap(int block, int entry) throws IOException {
        SectorBitmap cached = bitmaps.get(block);
        if (cached != null) {
            return cached;
        }
        ByteBuffer bytes = ByteBuffer.allocate(layout.bitmapBytes());
        file.readFully(layout.bitmapOffset(entry), bytes);
        SectorBitmap bitmap = SectorBitmap.decode(bytes.flip(), layout.sectorsPerBlock());
        if (bitmap.isFull()) {
            full.add(block);
        }
        bitmaps.put(block, bitmap);
        dropOldBitmaps();
        budget.grown();
        return bitmap;
    }

    /** Keeps no more bitmaps in memory than reading needs, from now on: there are many files that are only read. */
    public synchronized void keepFewBitmaps() {
        mostBitmaps = FEW_CACHED_BITMAPS;
        dropOldBitmaps();
    }

    private void dropOldBitmaps() {
        dropOldBitmaps(mostBitmaps);
    }

    private void dropOldBitmaps(int most) {
        Iterator<Integer> oldest = bitmaps.keySet().iterator();
        while (bitmaps.size() > most && oldest.hasNext()) {
            int block = oldest.next();
            if (!pending.concerns(block) && !frozen.concerns(block)) {
                oldest.remove();
            }
        }
        bitmapsHeld = bitmaps.size();
    }
}
