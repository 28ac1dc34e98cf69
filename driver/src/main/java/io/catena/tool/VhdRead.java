package io.catena.tool;

import io.catena.disk.BlockDevice;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** Copies the content of a disk, as a guest sees it, to a stream. */
public final class VhdRead {
    private static final int PIECE_BYTES = 1 << 20;

    private VhdRead() {}

    /**
     * Writes {@code length} bytes of a disk to {@code out}, which stays open.
     *
     * @throws IOException also if the piece does not lie within the disk; nothing is written then
     */
    public static void copy(BlockDevice disk, long offset, long length, OutputStream out) throws IOException {
        Range.check(disk, offset, length);
        ByteBuffer piece = ByteBuffer.allocate((int) Math.min(PIECE_BYTES, length));
        for (long done = 0; done < length; done += piece.limit()) {
            piece.clear().limit((int) Math.min(piece.capacity(), length - done));
            disk.read(offset + done, piece);
            out.write(piece.array(), 0, piece.limit());
        }
    }
}
