package io.catena.stream;

import io.catena.disk.BlockDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Optional;

/** The sectors of a disk, one after another. */
public final class RawStream implements ContentStream {
    private final BlockDevice disk;

    public RawStream(BlockDevice disk) {
        this.disk = disk;
    }

    @Override
    public long lengthBytes() {
        return disk.sizeBytes();
    }

    @Override
    public Optional<String> identity() {
        return Optional.of("raw-" + lengthBytes());
    }

    @Override
    public void writeTo(WritableByteChannel target, long from) throws IOException {
        try (ReadAhead pieces = new ReadAhead(disk, from)) {
            ByteBuffer piece = pieces.next();
            while (piece.hasRemaining()) {
                ContentStream.writeFully(target, piece);
                piece = pieces.next();
            }
        }
    }
}
