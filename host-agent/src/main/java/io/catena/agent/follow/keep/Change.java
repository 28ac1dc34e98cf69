package io.catena.agent.follow.keep;

import io.catena.disk.BlockDevice;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A change of a disk that can be made again.
 *
 * @param data what is written; empty for the other kinds
 */
record Change(Kind kind, long offset, long lengthBytes, ByteBuffer data) {
    /** What a change takes in memory besides its data. */
    private static final int OVERHEAD_BYTES = 128;

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    /** What is done. */
    enum Kind {
        WRITE,
        ZERO,
        ZERO_KEEPING_SPACE,
        DISCARD
    }

    /** A write of a copy of {@code source}, whose position stays. */
    static Change write(long offset, ByteBuffer source) {
        ByteBuffer copy =
                ByteBuffer.allocate(source.remaining()).put(source.duplicate()).flip();
        return new Change(Kind.WRITE, offset, copy.remaining(), copy);
    }

    /** A change without data. */
    static Change of(Kind kind, long offset, long lengthBytes) {
        return new Change(kind, offset, lengthBytes, NOTHING);
    }

    void make(BlockDevice disk) throws IOException {
        switch (kind) {
            case WRITE -> disk.write(offset, data.duplicate());
            case ZERO -> disk.writeZeroes(offset, lengthBytes, true);
            case ZERO_KEEPING_SPACE -> disk.writeZeroes(offset, lengthBytes, false);
            case DISCARD -> disk.discard(offset, lengthBytes);
        }
    }

    boolean overlaps(Change other) {
        return offset < other.offset + other.lengthBytes && other.offset < offset + lengthBytes;
    }

    /** What it takes in memory. */
    long costBytes() {
        return (long) data.capacity() + OVERHEAD_BYTES;
    }
}
