package io.catena.vhd.map;

import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The last block of a file that ends right behind that block's bitmap. Two kinds of such files have lost nothing, for zeros
 * stand for the data that is not there:
 *
 * <ul>
 *   <li>the bitmap tells of no sector: the writer died before it wrote any;
 *   <li>{@code vhd-util fill -b} made it: all blocks of the disk are allocated, all bitmaps are full, and there is no data in
 *       the whole file. That command is for block devices, and its files are small or do not exist, so a large one is not
 *       read for this.
 * </ul>
 *
 * <p>Any other is a file that was cut off, and what its bitmap tells of is lost.
 */
public final class LastBlock {
    private static final long MOST_BYTES = 64 << 20;
    private static final int PIECE_BYTES = 64 << 10;

    private LastBlock() {}

    /** Whether zeros stand for the data of a block whose bitmap ends at the end of the file. */
    public static boolean isZeros(BlockFile file, SparseLayout layout) throws IOException {
        long bitmap = file.size() - layout.bitmapBytes();
        return bitmap >= 0 && (consistsOf(file, bitmap, layout.bitmapBytes(), 0) || isFilled(file, layout));
    }

    /** One block alone is no proof: it may be all that a cut has left of a disk. */
    private static boolean isFilled(BlockFile file, SparseLayout layout) throws IOException {
        long size = file.size();
        long blockBytes = layout.bitmapBytes() + (long) layout.blockSize();
        boolean mayBe = size <= MOST_BYTES && layout.blocks() > 1 && layout.blocks() - 1 <= size / blockBytes;
        if (!mayBe) {
            return false;
        }
        ByteBuffer table = ByteBuffer.allocate((int) layout.blocks() * Integer.BYTES);
        file.read(layout.tableOffset(), table);
        table.flip();
        while (table.remaining() >= Integer.BYTES) {
            int entry = table.getInt();
            boolean last = layout.dataOffset(entry) == size;
            boolean filled = entry != SparseLayout.UNALLOCATED
                    && (last || layout.blockEnd(entry) <= size)
                    && consistsOf(file, layout.bitmapOffset(entry), layout.sectorsPerBlock() / 8, -1)
                    && (last || consistsOf(file, layout.dataOffset(entry), layout.blockSize(), 0));
            if (!filled) {
                return false;
            }
        }
        return true;
    }

    private static boolean consistsOf(BlockFile file, long offset, int length, int value) throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
        for (int done = 0; done < length; done += piece.limit()) {
            piece.clear().limit(Math.min(PIECE_BYTES, length - done));
            file.readFully(offset + done, piece);
            for (int i = 0; i < piece.limit(); i++) {
                if (piece.get(i) != value) {
                    return false;
                }
            }
        }
        return true;
    }
}
