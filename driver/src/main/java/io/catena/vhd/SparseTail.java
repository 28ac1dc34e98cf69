package io.catena.vhd;

import io.catena.format.Footer;
import io.catena.format.SparseLayout;
import io.catena.store.TrackedFile;
import io.catena.vhd.map.BlockMap;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/**
 * The room of a sparse disk's file: which places blocks can be given, and the footer, which stands behind the last of them and, as a
 * copy, at the start.
 *
 * <p>While blocks are added there is no footer at the end, and the copy counts.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class SparseTail {
    private final TrackedFile file;
    private final SparseLayout layout;
    private final BlockMap map;
    /** Where the first block can stand; guarded by this. */
    private long headersEnd;

    /** Guarded by this. */
    private Footer footer;

    /** Where the last block ends, also if the file's BAT alone tells of it yet; guarded by this. */
    private long dataEnd;

    /** Places inside the data that are holes; no BAT tells of them. Guarded by this. */
    private final TreeSet<Integer> freePlaces = new TreeSet<>(Integer::compareUnsigned);

    /** Whether a footer stands where the data ends; guarded by this. */
    private boolean footerAtEnd;

    /** Where it stands, if it does; guarded by this. */
    private long footerOffset;

    /** Whether the copy of the footer at the start equals the footer, durably; guarded by this. */
    private boolean copyIsValid;

    /** Whether the file was cut off where the data ends, since it was opened; guarded by this. */
    private boolean tailIsClean;

    /** Whether the file was synced since it was opened: an earlier process may have left more than the platter has. */
    private volatile boolean synced;

    /**
     * @param headersEnd where the first block can stand
     */
    SparseTail(TrackedFile file, VhdHeaders headers, BlockMap map, long headersEnd) {
        this.file = file;
        this.layout = headers.layout();
        this.map = map;
        this.headersEnd = headersEnd;
        footer = headers.footer();
        copyIsValid = headers.validCopy();
        dataEnd = map.dataEnd(headersEnd);
        footerAtEnd = headers.trailingFooterOffset() >= dataEnd;
        footerOffset = headers.trailingFooterOffset();
    }

    /** The room of the same file when the disk has become larger; {@code before} is used no more. */
    SparseTail(SparseTail before, SparseLayout layout, BlockMap map) {
        this.file = before.file;
        this.layout = layout;
        this.map = map;
        synchronized (before) {
            headersEnd = before.headersEnd;
            footer = before.footer;
            dataEnd = before.dataEnd;
            freePlaces.addAll(before.freePlaces);
            footerAtEnd = before.footerAtEnd;
            footerOffset = before.footerOffset;
            copyIsValid = before.copyIsValid;
            tailIsClean = before.tailIsClean;
        }
        synced = before.synced;
    }

    /** From now on no block is given a place before {@code end}, where larger headers are to be. */
    synchronized void reserve(long end) throws IOException {
        if (end > dataEnd) {
            cutOffTail();
            dataEnd = end;
            file.truncate(end);
        }
        headersEnd = Math.max(headersEnd, end);
        freePlaces.removeIf(this::isReserved);
    }

    private boolean isReserved(int place) {
        return layout.bitmapOffset(place) < headersEnd;
    }

    /** Returns a place behind all blocks. */
    synchronized int newPlace() throws IOException {
        return placeAtEnd();
    }

    /** Takes note that the copy at the start is another footer now, durably; the one at the end is gone. */
    synchronized void footerBecame(Footer next) {
        footer = next;
        copyIsValid = true;
    }

    /** Takes note that the map has blocks of which the file does not tell yet. */
    synchronized void blocksWereAdded() {
        dataEnd = Math.max(dataEnd, map.dataEnd(headersEnd));
        footerAtEnd = false;
    }

    /** Takes note that the file was synced. */
    void wasSynced() {
        synced = true;
    }

    /** Gives a block a place, if it has none: one that a block has left, else one behind all others. */
    synchronized void allocate(int block) throws IOException {
        if (map.isAllocated(block)) {
            return;
        }
        Integer left = freePlaces.pollFirst();
        map.allocate(block, left != null ? left : placeAtEnd());
    }

    private int placeAtEnd() throws IOException {
        cutOffTail();
        int entry = layout.entryAfter(dataEnd);
        if (entry == SparseLayout.UNALLOCATED) {
            throw new IOException(file.name() + ": the file has grown to 2 TiB and cannot hold another block");
        }
        dataEnd = layout.blockEnd(entry);
        return entry;
    }

    /**
     * Removes what stands behind the data, the footer in the first place; its copy must be safe before. So must be the BAT:
     * the one on the platter may still have a block there that a process before this one gave up.
     */
    synchronized void cutOffTail() throws IOException {
        if (tailIsClean) {
            return;
        }
        restoreCopy();
        if (!synced) {
            file.sync();
            synced = true;
        }
        // Also a call that fails may have had its effect.
        footerAtEnd = false;
        file.truncate(dataEnd);
        tailIsClean = true;
    }

    /** Makes the copy of the footer at the start valid, durably. */
    synchronized void restoreCopy() throws IOException {
        if (!copyIsValid) {
            writeCopy();
            file.sync();
            copyIsValid = true;
        }
    }

    /** See {@link SparseLayer#changeFooter}. */
    void changeFooter(UnaryOperator<Footer> change) throws IOException {
        synchronized (this) {
            restoreCopy();
            Footer next = change.apply(footer);
            if (footerAtEnd) {
                file.write(footerOffset, next.encode());
            } else {
                cutOffTail();
            }
            footer = next;
            copyIsValid = false;
            writeCopy();
        }
        file.sync();
        synchronized (this) {
            copyIsValid = true;
        }
    }

    private synchronized void writeCopy() throws IOException {
        file.write(0, footer.encode());
    }

    /** Makes the file hold all of the last block, so that no BAT entry can ever point beyond it. */
    synchronized void growToDataEnd() throws IOException {
        if (file.size() < dataEnd) {
            file.truncate(dataEnd);
        }
    }

    synchronized boolean hasTrailingFooter() {
        return footerAtEnd;
    }

    /** Does nothing if there is one. */
    synchronized void writeTrailingFooter() throws IOException {
        if (!footerAtEnd) {
            file.truncate(dataEnd);
            tailIsClean = false;
            file.write(dataEnd, footer.encode());
            footerOffset = dataEnd;
            footerAtEnd = true;
        }
    }

    /**
     * Gives back the space of places that blocks have left and no BAT tells of; they can be given to other blocks then. Neighbours are
     * punched at one go. If that fails, they are found as gaps when the file is opened again.
     */
    void freePlacesLeft(int most) throws IOException {
        TreeSet<Integer> places = new TreeSet<>(Integer::compareUnsigned);
        places.addAll(map.takeLeft(most));
        while (!places.isEmpty()) {
            List<Integer> row = new ArrayList<>();
            Integer next = places.first();
            while (places.remove(next)) {
                row.add(next);
                next = layout.entryAfter(layout.blockEnd(next));
            }
            long from = layout.bitmapOffset(row.get(0));
            file.punchHole(from, layout.blockEnd(row.get(row.size() - 1)) - from);
            synchronized (this) {
                row.removeIf(this::isReserved);
                freePlaces.addAll(row);
            }
        }
    }

    /** Whether no block was ever given a place behind the headers. */
    synchronized boolean isEmpty() {
        return dataEnd == headersEnd;
    }
}
