package io.catena.vhd;

import io.catena.store.TrackedFile;
import io.catena.vhd.map.BlockMap;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The flushes of a dynamic or differencing disk.
 *
 * <p><b>Order of a flush:</b>
 *
 * <ol>
 *   <li>Set apart what is pending now; grow the file to hold all of the last block, so that no BAT entry can ever point
 *       beyond it. Clear the batmap's bits of blocks that have another place, or their first: the BAT must never come before
 *       that, and a bit may be set of a block that had no place, as a lie that means nothing until it has one.
 *   <li>Sync: the data, and the zeros under new bitmaps, are on the platter before anything points to them. If all that is
 *       pending are blocks that were given up nothing new is pointed to, and the second sync does; if nothing was changed
 *       since the last sync it has been done.
 *   <li>Write bitmaps, BAT sectors and the trailing footer, in any order: a bitmap without its BAT entry is unreachable,
 *       a BAT entry without its bitmap finds zeros there, which mean "ask the parent", as before.
 *   <li>Sync; then the redo log may forget, and places that blocks have left are punched and free, unless somebody else does
 *       that later ({@link #keepPlaces}). The flush is answered.
 * </ol>
 *
 * <p>The copy of the footer at the start is not touched by this, so the disk can be opened after a cut at any moment.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class SparseFlush {
    private final TrackedFile file;
    private final BlockMap map;
    private final SparseTail tail;
    private volatile @Nullable BatmapFile batmap;
    private final GroupFlush flushes;

    /** Whether places that blocks have left wait for somebody else. */
    private volatile boolean keepsPlaces;

    /** Has to be durable before what this disk gives up is; null if nothing has. */
    private volatile @Nullable Layer first;

    SparseFlush(TrackedFile file, BlockMap map, SparseTail tail, @Nullable BatmapFile batmap) {
        this.file = file;
        this.map = map;
        this.tail = tail;
        this.batmap = batmap;
        this.flushes = new GroupFlush(file.name(), this::flushNow);
    }

    /** The flushes of the same file when the disk has become larger; {@code before} is used no more. */
    SparseFlush(SparseFlush before, BlockMap map, SparseTail tail) {
        this(before.file, map, tail, before.batmap);
        keepsPlaces = before.keepsPlaces;
        first = before.first;
    }

    /** Does something while no flush runs. */
    void between(GroupFlush.Flush work) throws IOException {
        flushes.between(work);
    }

    /** The batmap stands elsewhere from now on. */
    void batmapBecame(@Nullable BatmapFile moved) {
        batmap = moved;
    }

    /** Writes the batmap, if there is one, with the bits of all blocks that are known to be full; durable when this returns. */
    void storeBatmap() throws IOException {
        BatmapFile present = batmap;
        if (present != null) {
            present.store(map);
            file.sync();
        }
    }

    /** See {@link SparseLayer#flushAfter}. */
    void flushAfter(@Nullable Layer other) {
        first = other;
    }

    /** See {@link SparseLayer#keepPlaces}. */
    void keepPlaces(boolean keeps) {
        keepsPlaces = keeps;
    }

    void flush() throws IOException {
        flushes.flush();
    }

    /** Flushes, by who sees to it that no other flush runs. */
    void flushNow() throws IOException {
        boolean metadata = map.freeze();
        if (metadata) {
            tail.growToDataEnd();
            forgetChangedBlocks();
        }
        flushFirst();
        if (!metadata || map.pointsToNews()) {
            file.syncIfChanged();
            tail.wasSynced();
        }
        if (metadata) {
            map.writeBack();
            tail.writeTrailingFooter();
            file.sync();
            tail.wasSynced();
            map.forgetFrozen();
        }
        map.settleLeft();
        if (!keepsPlaces) {
            tail.freePlacesLeft(Integer.MAX_VALUE);
        }
    }

    private void flushFirst() throws IOException {
        Layer other = first;
        if (other != null) {
            other.flush();
        }
    }

    private void forgetChangedBlocks() throws IOException {
        BatmapFile present = batmap;
        if (present != null) {
            present.forget(map.changedPlaces());
        }
    }

    /** Flushes, and makes sure that other programs can read the file as it is. */
    void seal() throws IOException {
        flush();
        flushes.between(this::completeFooters);
    }

    /** While no flush runs. */
    void completeFooters() throws IOException {
        tail.restoreCopy();
        if (!tail.hasTrailingFooter()) {
            tail.writeTrailingFooter();
            file.sync();
        }
    }

    /** From now on there is nothing to flush. */
    void retire() {
        flushes.retire();
    }

    /** From now on all flushes fail. */
    void abandon(IOException reason) {
        flushes.abandon(reason);
    }
}
