package io.catena.harness.peer.reference;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/** The bottom of a chain whose parent unique id is all zero: plain bytes, the extension of libvhd and tapdisk. */
final class ReferenceRaw implements ReferenceLayer {
    private final FileChannel channel;
    private final long sizeBytes;

    private ReferenceRaw(FileChannel channel) throws IOException {
        this.channel = channel;
        this.sizeBytes = channel.size();
    }

    static ReferenceRaw open(Path file) throws IOException {
        return new ReferenceRaw(FileChannel.open(file, StandardOpenOption.READ));
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void readSector(long sector, byte[] target) throws IOException {
        Arrays.fill(target, (byte) 0);
        ByteBuffer bytes = ByteBuffer.wrap(target);
        long offset = sector * SECTOR_BYTES;
        while (bytes.hasRemaining()) {
            int count = channel.read(bytes, offset + bytes.position());
            if (count < 0) {
                return;
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
