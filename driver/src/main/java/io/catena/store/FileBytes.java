package io.catena.store;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** A file's bytes from its start to its end. For one thread; to be buffered. */
final class FileBytes {
    private FileBytes() {}

    /** Reads them. */
    static InputStream of(BlockFile file) {
        return new Input(file);
    }

    /**
     * Writes them.
     *
     * @param mostBytes of which a file with more would not be read again
     */
    static OutputStream to(BlockFile file, int mostBytes) {
        return new Output(file, mostBytes);
    }

    private static final class Input extends InputStream {
        private final BlockFile file;
        private long offset;

        Input(BlockFile file) {
            this.file = file;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
        }

        @Override
        public int read(byte[] bytes, int start, int length) throws IOException {
            ByteBuffer target = ByteBuffer.wrap(bytes, start, length);
            file.read(offset, target);
            int count = target.position() - start;
            offset += count;
            return count == 0 && length > 0 ? -1 : count;
        }
    }

    private static final class Output extends OutputStream {
        private final BlockFile file;
        private final int mostBytes;
        private long offset;

        Output(BlockFile file, int mostBytes) {
            this.file = file;
            this.mostBytes = mostBytes;
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int start, int length) throws IOException {
            if (offset + length > mostBytes) {
                throw new StoredText.TooLargeException(file.name(), offset + length, mostBytes);
            }
            file.write(offset, ByteBuffer.wrap(bytes, start, length));
            offset += length;
        }
    }
}
