package io.catena.disk;

import io.catena.vhd.Layer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;

/** A layer in memory, a sector at a time. */
final class MemoryLayer implements Layer {
    private final byte[] bytes;
    private final BitSet present = new BitSet();
    int flushes;

    /** How often {@link #run} was called. */
    int asked;

    /** Whether {@link #run} fails. */
    boolean cannotTell;

    /** The size of the blocks that can be given up; 0 if none can. */
    int blockBytes;

    /** What each request does before all else. */
    Runnable beforeRequest = () -> {};

    /** What each flush does before all else. */
    Runnable beforeFlush = () -> {};

    MemoryLayer(int sectors) {
        bytes = new byte[sectors * 512];
    }

    /** Fills sectors with a letter. */
    MemoryLayer with(int sector, String letters) {
        for (int i = 0; i < letters.length(); i++) {
            byte[] filled = new byte[512];
            Arrays.fill(filled, (byte) letters.charAt(i));
            write((sector + i) * 512L, ByteBuffer.wrap(filled));
        }
        return this;
    }

    @Override
    public long sizeBytes() {
        return bytes.length;
    }

    @Override
    public synchronized long run(long offset, long maxBytes) throws IOException {
        asked++;
        if (cannotTell) {
            throw new IOException("unreadable bitmap");
        }
        if (offset < 0
                || maxBytes <= 0
                || offset + maxBytes > bytes.length
                || offset % 512 != 0
                || maxBytes % 512 != 0) {
            throw new IllegalArgumentException(maxBytes + " bytes at " + offset + " of " + bytes.length);
        }
        return present.get((int) offset / 512) ? 512 : -512;
    }

    @Override
    public void read(long offset, ByteBuffer target) {
        beforeRequest.run();
        synchronized (this) {
            for (int at = (int) offset; target.hasRemaining(); at++) {
                if (!present.get(at / 512)) {
                    throw new IllegalArgumentException("sector " + at / 512 + " is not present");
                }
                target.put(bytes[at]);
            }
        }
    }

    @Override
    public void write(long offset, ByteBuffer source) {
        beforeRequest.run();
        synchronized (this) {
            if (offset % 512 != 0 || source.remaining() % 512 != 0) {
                throw new IllegalArgumentException("not whole sectors");
            }
            for (int at = (int) offset; source.hasRemaining(); at++) {
                bytes[at] = source.get();
                present.set(at / 512);
            }
        }
    }

    @Override
    public void zero(long offset, long lengthBytes) {
        write(offset, ByteBuffer.allocate((int) lengthBytes));
    }

    @Override
    public boolean givesSpaceBack() {
        return blockBytes > 0;
    }

    @Override
    public long blockBytes() {
        return blockBytes;
    }

    @Override
    public synchronized void giveUp(long offset) {
        present.clear((int) offset / 512, (int) Math.min(bytes.length, offset + blockBytes) / 512);
    }

    @Override
    public void flush() {
        beforeFlush.run();
        synchronized (this) {
            flushes++;
        }
    }

    @Override
    public void close() {}
}
