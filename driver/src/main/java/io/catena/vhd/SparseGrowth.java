package io.catena.vhd;

import io.catena.format.SparseLayout;
import io.catena.store.TrackedFile;
import io.catena.vhd.map.BlockMap;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Lets the headers in the file of a sparse disk become larger while requests run.
 *
 * <p><b>Threads.</b> One at a time grows; requests of any thread ask whether a block is moving.
 */
final class SparseGrowth {
    private static final int NONE = -1;
    private static final int PIECE_BYTES = 256 << 10;

    private final TrackedFile file;
    private final SparseLayout layout;
    private final BlockMap map;
    private final SparseTail tail;
    private final SparseFlush flushes;

    /** The block that gets another place. Who changes it takes turns with that, under the lock of this. */
    private volatile int moving = NONE;

    /** As they are in the file by now; null if they did not change. */
    private volatile @Nullable VhdHeaders grown;

    SparseGrowth(TrackedFile file, SparseLayout layout, BlockMap map, SparseTail tail, SparseFlush flushes) {
        this.file = file;
        this.layout = layout;
        this.map = map;
        this.tail = tail;
        this.flushes = flushes;
    }

    /** Whether a block gets another place now, so that it may be changed only under the lock of this. */
    boolean isMoving(int block) {
        return block == moving;
    }

    @Nullable
    VhdHeaders grown() {
        return grown;
    }

    /** See {@link SparseLayer#makeRoom}. */
    void makeRoom(long end, SparseLayer.Barrier requests) throws IOException {
        tail.reserve(end);
        for (int block = map.firstBefore(end); block >= 0; block = map.firstBefore(end)) {
            int next = block;
            moving = next;
            try {
                requests.await();
                flushes.between(() -> move(next, end));
            } finally {
                moving = NONE;
            }
        }
        requests.await();
    }

    /** No flush runs, and who changes the block waits; unless he has given it up before. */
    private void move(int block, long end) throws IOException {
        synchronized (this) {
            flushes.flushNow();
            if (map.firstBefore(end) != block) {
                return;
            }
            int place = tail.newPlace();
            copy(dataOffset(block) - layout.bitmapBytes(), layout.bitmapOffset(place));
            map.move(block, place);
        }
        flushes.flushNow();
    }

    private long dataOffset(int block) {
        return map.fileOffset((long) block * layout.blockSize());
    }

    /** The bitmap too: it must be durable before an entry points to it, or a cut would leave the block without its data. */
    private void copy(long from, long to) throws IOException {
        int bytes = layout.bitmapBytes() + layout.blockSize();
        for (int at = 0; at < bytes; at += PIECE_BYTES) {
            ByteBuffer piece = ByteBuffer.allocate(Math.min(PIECE_BYTES, bytes - at));
            file.readFully(from + at, piece);
            file.write(to + at, piece.flip());
        }
    }

    /** See {@link SparseLayer#changeHeaders}. */
    void changeHeaders(long end, SparseLayer.HeaderChange change) throws IOException {
        flushes.between(() -> {
            map.clearForGrowth(end);
            tail.cutOffTail();
            clearBehindTheEnd();
            file.sync();
            VhdHeaders headers = make(change);
            tail.footerBecame(headers.footer());
            BatmapFile batmap = BatmapFile.find(file, headers, headers.layout()).orElse(null);
            if (batmap != null) {
                batmap.load(map);
            }
            flushes.batmapBecame(batmap);
            grown = headers;
            tail.writeTrailingFooter();
            file.sync();
        });
    }

    /** Headers that may be half-written must not be met by a flush, which knows them only as they were. */
    private VhdHeaders make(SparseLayer.HeaderChange change) throws IOException {
        try {
            return change.make();
        } catch (IOException e) {
            if (change.isUnderWay()) {
                flushes.abandon(e);
            }
            throw e;
        }
    }

    /** What lies in the last block behind the disk's end may be anything; a larger disk would show it. */
    private void clearBehindTheEnd() throws IOException {
        int used = (int) (layout.sizeBytes() % layout.blockSize());
        int last = (int) layout.blocks() - 1;
        if (used > 0 && map.isAllocated(last)) {
            file.write(dataOffset(last) + used, ByteBuffer.allocate(layout.blockSize() - used));
        }
    }
}
