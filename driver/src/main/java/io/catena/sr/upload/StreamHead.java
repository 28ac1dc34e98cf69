package io.catena.sr.upload;

import io.catena.api.VdiUpload;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The file that holds the head of a stream.
 *
 * @param crc CRC-32C of its bytes
 */
record StreamHead(long lengthBytes, long crc) {
    /** A footer, a header, and the largest BAT that is read. */
    static final long MOST_BYTES = 17 << 20;

    private static final int PIECE_BYTES = 64 << 10;

    /** Writes the head of what is uploaded; its bytes are durable when this returns. Null if it has none. */
    static @Nullable StreamHead write(Storage storage, String name, VdiUpload upload) throws IOException {
        try (BlockFile file = storage.create(name)) {
            Sink sink = new Sink(file);
            if (!upload.writeHead(sink)) {
                return null;
            }
            file.sync();
            return new StreamHead(sink.length, sink.crc.getValue());
        }
    }

    /**
     * Opens a file that is a head's.
     *
     * @throws IOException if it has other bytes
     */
    Opened open(Storage storage, String name) throws IOException {
        Opened opened = new Opened(storage.openReadOnly(name), lengthBytes);
        try {
            CRC32C found = new CRC32C();
            ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
            while (opened.read(piece.clear()) >= 0) {
                found.update(piece.flip());
            }
            if (found.getValue() != crc) {
                throw new IOException(name + " is damaged");
            }
            opened.offset = 0;
            return opened;
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    private static final class Sink implements WritableByteChannel {
        private final BlockFile file;
        private final CRC32C crc = new CRC32C();
        private long length;

        Sink(BlockFile file) {
            this.file = file;
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            int count = source.remaining();
            crc.update(source.duplicate());
            file.write(length, source);
            length += count;
            return count;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }

    /** The bytes of a head. */
    static final class Opened implements ReadableByteChannel {
        private final BlockFile file;
        private final long length;
        private long offset;

        private Opened(BlockFile file, long length) {
            this.file = file;
            this.length = length;
        }

        @Override
        public int read(ByteBuffer target) throws IOException {
            int count = (int) Math.min(target.remaining(), length - offset);
            if (count <= 0) {
                return -1;
            }
            ByteBuffer part = target.slice().limit(count);
            file.readFully(offset, part);
            target.position(target.position() + count);
            offset += count;
            return count;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
