package io.catena.stream;

import io.catena.disk.BlockDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** The sectors of a disk, one after another. */
public final class RawStream implements ContentStream {
    private static final int PIECE_BYTES = 1 << 20;

    private final BlockDevice disk;

    public RawStream(BlockDevice disk) {
        this.disk = disk;
    }

    @Override
    public long lengthBytes() {
        return disk.sizeBytes();
    }

    @Override
    public void writeTo(WritableByteChannel target, long from) throws IOException {
        ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES);
        long at = from / PIECE_BYTES * PIECE_BYTES;
        while (at < lengthBytes()) {
            piece.clear().limit((int) Math.min(PIECE_BYTES, lengthBytes() - at));
            disk.read(at, piece);
            piece.flip().position((int) Math.max(0, from - at));
            ContentStream.writeFully(target, piece);
            at += PIECE_BYTES;
        }
    }
}
