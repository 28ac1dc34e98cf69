package io.catena.vhd;

import io.catena.format.Footer;
import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import io.catena.store.TrackedFile;
import io.catena.vhd.map.BlockMap;
import io.catena.vhd.map.RedoLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A dynamic or differencing disk.
 *
 * <p><b>Order of a write</b> to sectors that are not present yet:
 *
 * <ol>
 *   <li>The block is given a place in memory: one that a block has left, else one behind all others. Nothing is written for
 *       it: what lies there is a hole of the file and reads as zeros, because the place was punched after it was left, and
 *       because the file is cut off where the data ends before the first block is added there.
 *   <li>The data is written to its place. The file's own metadata does not know of it yet, so a power cut that keeps any
 *       part of it changes nothing.
 *   <li>The new bits go to the redo log, then to memory: from here on the write survives the process. The write is
 *       answered.
 * </ol>
 *
 * <p>A write to sectors that are present is written in place, and that is all.
 *
 * <p><b>Order of zeroing</b> ({@link #zero}): as a write, with a hole in the place of its data, also where sectors are not
 * present: other programs leave there what they found.
 *
 * <p><b>Order of giving up a block</b> ({@link #giveUp}):
 *
 * <ol>
 *   <li>The redo log learns of it, then memory: from here on the sectors are not present, also after the death of the
 *       process. The request is answered.
 *   <li>The next flush makes the BAT without the block durable.
 *   <li>Only then its old place is punched, which gives the space back, and may be given to another block: before, a power
 *       cut could bring back the old BAT, and the block would have the other's data.
 *   <li>The flush after that syncs the hole before it points to what is there now: the new block's bitmap is zeros then.
 * </ol>
 *
 * <p>A {@link SparseFlush flush} makes both durable.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class SparseLayer implements Layer {
    /** To punch these takes a moment only; more are found when the file is opened again. */
    private static final int MOST_GAPS = 1024;

    private final TrackedFile file;
    private final SparseLayout layout;
    private final BlockMap map;
    private final SparseTail tail;
    private final SparseFlush flushes;
    private final SparseGrowth growth;
    private final @Nullable RedoLog redo;
    private volatile boolean writable;

    /** Where the file ended when it was opened for reading. */
    private final long zerosFrom;

    /** Whether the batmap is to be written anew: blocks or bits were added since the file was opened, or it was no good then. */
    private volatile boolean changed;

    private SparseLayer(TrackedFile file, VhdHeaders headers, @Nullable RedoLog redo, boolean writable)
            throws IOException {
        this.file = file;
        this.redo = redo;
        this.writable = writable;
        layout = headers.layout();
        map = BlockMap.read(file, layout, redo);
        BatmapFile batmap = BatmapFile.find(file, headers, layout).orElse(null);
        long headersEnd = Math.max(headers.end(file.size()), batmap == null ? 0 : batmap.end());
        map.check(headersEnd, writable);
        zerosFrom = writable ? Long.MAX_VALUE : file.size();
        if (batmap != null) {
            changed = !batmap.load(map);
        }
        tail = new SparseTail(file, headers, map, headersEnd);
        flushes = new SparseFlush(file, map, tail, batmap);
        growth = new SparseGrowth(file, layout, map, tail, flushes);
        if (map.replay(headersEnd)) {
            tail.blocksWereAdded();
            changed = true;
        }
        if (!writable) {
            map.keepFewBitmaps();
        } else if (file.punchesHoles()) {
            map.findGaps(headersEnd, MOST_GAPS);
        }
    }

    /** The disk when it has become larger; {@code before} is used no more. */
    private SparseLayer(SparseLayer before, VhdHeaders headers) {
        file = before.file;
        redo = before.redo;
        writable = before.writable;
        zerosFrom = Long.MAX_VALUE;
        changed = true;
        layout = headers.layout();
        map = before.map.grown(layout);
        tail = new SparseTail(before.tail, layout, map);
        flushes = new SparseFlush(before.flushes, map, tail);
        growth = new SparseGrowth(file, layout, map, tail, flushes);
    }

    /**
     * Opens a disk for reading.
     *
     * @param file closed by {@link #close}, also if this method throws
     */
    public static SparseLayer openReadOnly(BlockFile file, VhdHeaders headers) throws IOException {
        return open(file, headers, null, false);
    }

    /**
     * Opens a disk for reading and writing; takes over what the redo log tells of.
     *
     * @param file closed by {@link #close}, also if this method throws
     * @param redo removed by {@link #close}; null if answered writes need not survive the process
     */
    public static SparseLayer openWritable(BlockFile file, VhdHeaders headers, @Nullable RedoLog redo)
            throws IOException {
        return open(file, headers, redo, true);
    }

    private static SparseLayer open(BlockFile file, VhdHeaders headers, @Nullable RedoLog redo, boolean writable)
            throws IOException {
        try {
            return new SparseLayer(new TrackedFile(file), headers, redo, writable);
        } catch (IOException | RuntimeException e) {
            file.close();
            if (redo != null) {
                redo.close();
            }
            throw e;
        }
    }

    @Override
    public long sizeBytes() {
        return layout.sizeBytes();
    }

    @Override
    public long run(long offset, long maxBytes) throws IOException {
        return map.run(offset, maxBytes);
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        int limit = target.limit();
        while (target.hasRemaining()) {
            int length = (int) Math.min(target.remaining(), restOfBlock(offset));
            target.limit(target.position() + length);
            readInBlock(map.fileOffset(offset), target);
            target.limit(limit);
            offset += length;
        }
    }

    /** Of a file opened for reading the last block may lack all of its data, as was checked: zeros then. */
    private void readInBlock(long fileOffset, ByteBuffer target) throws IOException {
        if (fileOffset >= zerosFrom) {
            target.put(new byte[target.remaining()]);
        } else {
            file.readFully(fileOffset, target);
        }
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        int limit = source.limit();
        while (source.hasRemaining()) {
            int length = (int) Math.min(source.remaining(), restOfBlock(offset));
            source.limit(source.position() + length);
            writeInBlock(offset, source);
            source.limit(limit);
            offset += length;
        }
        if (map.wantsFlush()) {
            flush();
        }
    }

    private void writeInBlock(long offset, ByteBuffer source) throws IOException {
        int block = (int) (offset / layout.blockSize());
        int firstSector = (int) (offset % layout.blockSize() / SparseLayout.SECTOR);
        int sectors = source.remaining() / SparseLayout.SECTOR;
        if (!map.isAllocated(block)) {
            allocate(block);
        }
        if (growth.isMoving(block)) {
            synchronized (growth) {
                file.write(map.fileOffset(offset), source);
                map.markPresent(block, firstSector, sectors);
            }
        } else {
            file.write(map.fileOffset(offset), source);
            map.markPresent(block, firstSector, sectors);
        }
    }

    /** Changes a block, but not while it gets another place. */
    private void inTurn(int block, GroupFlush.Flush change) throws IOException {
        if (growth.isMoving(block)) {
            synchronized (growth) {
                change.run();
            }
        } else {
            change.run();
        }
    }

    @Override
    public Place place(long offset) {
        return new Place(file.file(), map.fileOffset(offset));
    }

    /** In the order of a write. */
    @Override
    public BlockFile.Taken takeFrom(Place source, long offset, int lengthBytes) throws IOException {
        if (lengthBytes > restOfBlock(offset)) {
            return BlockFile.Taken.REFUSED;
        }
        int block = (int) (offset / layout.blockSize());
        if (!map.isAllocated(block)) {
            allocate(block);
        }
        BlockFile.Taken taken = file.takeFrom(source.file(), source.offset(), map.fileOffset(offset), lengthBytes);
        if (taken == BlockFile.Taken.SHARED || taken == BlockFile.Taken.COPIED) {
            int firstSector = (int) (offset % layout.blockSize() / SparseLayout.SECTOR);
            map.markPresent(block, firstSector, lengthBytes / SparseLayout.SECTOR);
            if (map.wantsFlush()) {
                flush();
            }
        }
        return taken;
    }

    /** Sectors that are not present are made holes too: other programs leave there what they found. */
    @Override
    public void zero(long offset, long lengthBytes) throws IOException {
        long end = offset + lengthBytes;
        for (long at = offset; at < end; ) {
            int length = (int) Math.min(end - at, restOfBlock(at));
            zeroInBlock(at, length);
            at += length;
        }
        if (map.wantsFlush()) {
            flush();
        }
    }

    private void zeroInBlock(long offset, int length) throws IOException {
        int block = (int) (offset / layout.blockSize());
        if (!map.isAllocated(block)) {
            allocate(block);
        }
        // No data will make the file long enough for these sectors to be read.
        tail.growToDataEnd();
        inTurn(block, () -> punch(block, offset, length));
    }

    private void punch(int block, long offset, int length) throws IOException {
        int firstSector = (int) (offset % layout.blockSize() / SparseLayout.SECTOR);
        file.punchHole(map.fileOffset(offset), length);
        map.markPresent(block, firstSector, length / SparseLayout.SECTOR);
    }

    @Override
    public boolean givesSpaceBack() {
        return file.punchesHoles();
    }

    @Override
    public long blockBytes() {
        return layout.blockSize();
    }

    /** Returns the first blocks from {@code from} on that the file holds. */
    List<Integer> blocks(int from, int most) {
        return map.blocks(from, most);
    }

    /**
     * From now on each flush of this layer, also one that it decides on by itself, flushes {@code first} before it writes
     * what it gave up: the data may be there alone.
     *
     * @param first null to end this
     */
    public void flushAfter(@Nullable Layer first) {
        flushes.flushAfter(first);
    }

    boolean wantsFlushSoon() {
        return map.wantsFlushSoon();
    }

    @Override
    public void giveUp(long offset) throws IOException {
        changed = true;
        int block = (int) (offset / layout.blockSize());
        inTurn(block, () -> map.giveUp(block));
        if (map.wantsFlush()) {
            flush();
        }
    }

    private void allocate(int block) throws IOException {
        changed = true;
        tail.allocate(block);
    }

    /** Waits until the requests have ended that began before. */
    @FunctionalInterface
    public interface Barrier {
        void await() throws IOException;
    }

    /** Writes other headers, all but the entries of the BAT that there are and the footer at the end. */
    public interface HeaderChange {
        /** Returns them as they are now, durably. */
        VhdHeaders make() throws IOException;

        /** Whether they may be half-written, after {@link #make} failed. */
        boolean isUnderWay();
    }

    /**
     * Makes room for larger headers while requests run, but nothing that is done to leaves without being asked for. If it fails,
     * or is interrupted, the disk is as it was.
     *
     * <ol>
     *   <li>From now on blocks get their places behind {@code end} only.
     *   <li>Of each block that stands before it: wait for the requests that may be changing it; those that begin later wait for
     *       this. While no flush runs, make durable all that is pending, so that neither the redo log nor a flush under way tells
     *       of its place. Copy its bitmap and its data behind all other blocks; give it that place, in memory.
     *   <li>Flush: sync the copy, then write the block's entry, and sync. Nothing is logged until that has succeeded, and no write
     *       is answered before; so who finds the file with the old entry, or the new one, finds all that was answered.
     *   <li>Wait for the requests that still read in the old places.
     * </ol>
     *
     * @param end where the larger headers will end
     */
    public void makeRoom(long end, Barrier requests) throws IOException {
        growth.makeRoom(end, requests);
    }

    /**
     * Lets larger headers be written, for which there is room, while requests run; flushes wait. This goes on with the size that it
     * has, see {@link #grown}.
     *
     * <ol>
     *   <li>Take the footer at the end away; its copy at the start counts. Clear the last block behind the disk's end. Sync.
     *   <li>Write the headers, see {@link HeaderChange}. If they may be half-written after a failure, all flushes fail from now on.
     *   <li>From now on the batmap is kept in its new place. Write the new footer at the end; sync.
     * </ol>
     *
     * @param end as for {@link #makeRoom}
     */
    public void changeHeaders(long end, HeaderChange change) throws IOException {
        growth.changeHeaders(end, change);
        changed = true;
    }

    /** Whether larger headers were written. */
    public boolean isGrown() {
        return growth.grown() != null;
    }

    /**
     * Returns the disk with the size that its headers in the file tell of by now; it takes the place of this, which is neither
     * used nor closed any more. In memory; to be called while nothing else is done with the disk.
     */
    public SparseLayer grown() {
        return new SparseLayer(this, Objects.requireNonNull(growth.grown(), "headers"));
    }

    /**
     * Does beforehand what the first write to a new block would have to wait for: a sync of the file, in the first place. Its
     * trailing footer is gone then until the next flush.
     */
    public void makeReadyForWrites() throws IOException {
        tail.cutOffTail();
    }

    /**
     * Changes the footer of a disk that may be written meanwhile; durable when this returns. If it fails it can be repeated.
     *
     * <ol>
     *   <li>See to it that the copy at the start is valid: it counts while there is none at the end.
     *   <li>If there is a footer at the end, write over it: that takes no room, which a full file system would not have. If a
     *       call that failed may have left one, cut it off. From now on every footer that is written is the new one.
     *   <li>Write the copy, one sector, and sync. A cut before can leave two valid footers that differ: who calls this has the
     *       change recorded.
     * </ol>
     */
    public void changeFooter(UnaryOperator<Footer> change) throws IOException {
        tail.changeFooter(change);
    }

    /**
     * Links a disk to another parent, though it may be written meanwhile; durable when this returns. With that parent it must
     * have the content that it has. If it fails it can be repeated.
     *
     * <ol>
     *   <li>If the disk becomes another type, {@link #changeFooter change its footers}.
     *   <li>Write the locators and the header, where nothing else is ever written; sync. A cut can leave a header that is half
     *       old, half new: who calls this has the patches recorded.
     * </ol>
     *
     * @param patches of {@link ParentLink}, without that of the footer at the end
     */
    public void relink(List<ParentLink.Patch> patches) throws IOException {
        for (ParentLink.Patch patch : patches) {
            if (patch.offset() == 0) {
                Footer next = Footer.decode(patch.bytes().duplicate(), file.name(), 0);
                changeFooter(before -> next);
            }
        }
        for (ParentLink.Patch patch : patches) {
            if (patch.offset() > 0) {
                patch.apply(file);
            }
        }
        file.sync();
    }

    @Override
    public void flush() throws IOException {
        flushes.flush();
    }

    /**
     * From now on a flush leaves the places of blocks that were given up as they are; they are not used again either.
     *
     * @param keeps false to end this: the next flush frees them all
     */
    void keepPlaces(boolean keeps) {
        flushes.keepPlaces(keeps);
    }

    /** Gives back the space of places that blocks have left, as flushes have made durable. Flushes go on. */
    void giveBack(int mostPlaces) throws IOException {
        tail.freePlacesLeft(mostPlaces);
    }

    /** Returns how many places wait for {@link #giveBack}. */
    int placesLeft() {
        return map.placesLeft();
    }

    /** Returns how many more will after the next flush. */
    int placesLeaving() {
        return map.placesLeaving();
    }

    /** Makes durable what was written, but not where it stands. Flushes go on. */
    @Override
    public void syncData() throws IOException {
        file.syncIfChanged();
    }

    /** Flushes, and makes sure that other programs can read the file as it is; it stays open. */
    public void seal() throws IOException {
        flushes.seal();
    }

    /**
     * Leaves the file as {@link #close} does; only the redo log stays, and knows of nothing.
     *
     * <ol>
     *   <li>Flush.
     *   <li>While no flush runs: write the footers, and sync; write the batmap, of what is durable since the flush, and sync.
     * </ol>
     *
     * <p>A write that comes all the same takes the footer away again, and is made durable by the next flush.
     */
    @Override
    public void complete() {
        try {
            if (writable) {
                flush();
                flushes.between(this::completeNow);
            }
        } catch (IOException e) {
            // A file whose sync failed fails when it is closed, too; what else failed is tried again then.
        }
    }

    /** Not if the file was closed meanwhile, or is somebody else's. */
    private void completeNow() throws IOException {
        if (writable) {
            flushes.completeFooters();
            storeBatmap();
            file.syncIfChanged();
        }
    }

    private void storeBatmap() throws IOException {
        if (changed) {
            changed = false;
            try {
                flushes.storeBatmap();
            } catch (IOException e) {
                changed = true;
                throw e;
            }
        }
    }

    /** Whether there is no batmap, or one that tells what the file holds. */
    boolean hasValidBatmap() {
        return !changed;
    }

    /** Whether the file holds no block, so that its content is its parent's. */
    public boolean isEmpty() {
        return tail.isEmpty();
    }

    /**
     * Ends writing for good, after {@link #seal} and no write since: the redo log is gone, the batmap is up to date. It can
     * still be read. Nothing is lost if this fails: all there is to know is durable.
     */
    public void retire() throws IOException {
        writable = false;
        flushes.retire();
        map.keepFewBitmaps();
        storeBatmap();
        if (redo != null) {
            redo.delete();
        }
    }

    /** Removes the redo log, when nothing is pending nor ever written again; flushes go on. */
    void removeRedoLog() throws IOException {
        if (redo != null) {
            redo.delete();
        }
    }

    /** Closes the file as it is, since nobody will read it any more: it has no name, and its redo log is gone. */
    void discard() throws IOException {
        writable = false;
        flushes.retire();
        closeFiles();
    }

    /**
     * Ends writing for good, since the file had to be opened anew to be made complete. It can still be read; all flushes fail.
     */
    public void abandon(IOException reason) throws IOException {
        writable = false;
        flushes.abandon(reason);
        if (redo != null) {
            redo.close();
        }
    }

    @Override
    public void close() throws IOException {
        try {
            if (writable) {
                seal();
                retire();
            }
        } finally {
            closeFiles();
        }
    }

    /** Also if the disk failed: the redo log then stays, for whoever opens the disk next. */
    private void closeFiles() throws IOException {
        try {
            if (redo != null) {
                redo.close();
            }
        } finally {
            file.close();
        }
    }

    private long restOfBlock(long offset) {
        return layout.blockSize() - offset % layout.blockSize();
    }
}
