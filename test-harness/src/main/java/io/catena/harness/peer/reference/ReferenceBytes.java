package io.catena.harness.peer.reference;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file open for reading that says its own name when bytes are missing. */
final class ReferenceBytes implements Closeable {
    private final Path file;
    private final FileChannel channel;

    ReferenceBytes(Path file) throws IOException {
        this.file = file;
        this.channel = FileChannel.open(file, StandardOpenOption.READ);
    }

    String name() {
        return file.toString();
    }

    long size() throws IOException {
        return channel.size();
    }

    /**
     * Returns {@code length} bytes, big-endian, its position at 0.
     *
     * @throws EOFException if the file ends before
     */
    ByteBuffer read(long offset, int length) throws IOException {
        if (offset < 0) {
            throw new EOFException(file + ": offset " + Long.toUnsignedString(offset) + " is beyond any file");
        }
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, offset + bytes.position()) < 0) {
                throw new EOFException(file + ": " + length + " bytes expected at offset " + offset
                        + ", but the file has only " + size() + " bytes");
            }
        }
        return bytes.rewind();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    /** Returns a piece as ASCII. */
    static String text(ByteBuffer bytes, int offset, int length) {
        return text(bytes, offset, length, ISO_8859_1);
    }

    static String text(ByteBuffer bytes, int offset, int length, Charset charset) {
        return charset.decode(bytes.slice(offset, length)).toString();
    }

    /** Ones' complement of the sum of all bytes but the four of the checksum itself. */
    static int checksum(ByteBuffer bytes, int checksumOffset) {
        int sum = 0;
        for (int i = 0; i < bytes.capacity(); i++) {
            if (i < checksumOffset || i >= checksumOffset + Integer.BYTES) {
                sum += bytes.get(i) & 0xff;
            }
        }
        return ~sum;
    }
}
