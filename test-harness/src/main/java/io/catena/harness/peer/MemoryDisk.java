package io.catena.harness.peer;

import io.catena.disk.BlockDevice;
import io.catena.disk.Extent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A disk in memory that counts flushes and fails on demand. */
public final class MemoryDisk implements BlockDevice {
    private static final byte[] ZERO_SECTOR = new byte[SECTOR];

    private final byte[] content;

    /** Sectors of zeros that take room all the same. */
    private final BitSet kept = new BitSet();

    private final boolean readOnly;
    private final AtomicInteger flushes = new AtomicInteger();
    private volatile @Nullable String failure;
    private volatile boolean zeroesFast = true;

    public MemoryDisk(int sizeBytes) {
        this(new byte[sizeBytes], false);
    }

    /** Uses {@code content}, does not copy it. */
    public MemoryDisk(byte[] content, boolean readOnly) {
        this.content = content;
        this.readOnly = readOnly;
    }

    /** Lets each later call fail with an {@link IOException} of this message; null ends that. */
    public void failWith(@Nullable String message) {
        failure = message;
    }

    /** How often {@link #flush} succeeded. */
    public int flushes() {
        return flushes.get();
    }

    /** The bytes of the disk themselves. */
    public byte[] content() {
        return content;
    }

    @Override
    public long sizeBytes() {
        return content.length;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        failIfAsked();
        target.put(content, Math.toIntExact(offset), target.remaining());
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        failIfAsked();
        if (readOnly) {
            throw new IOException("write to a read-only disk");
        }
        source.get(content, Math.toIntExact(offset), source.remaining());
    }

    @Override
    public void discard(long offset, long lengthBytes) throws IOException {
        writeZeroes(offset, lengthBytes, true);
    }

    @Override
    public void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) throws IOException {
        failIfAsked();
        int from = Math.toIntExact(offset);
        int to = Math.toIntExact(offset + lengthBytes);
        Arrays.fill(content, from, to, (byte) 0);
        kept.set(from / SECTOR, (to + SECTOR - 1) / SECTOR, !mayDeallocate);
    }

    /** Makes {@link #zeroesFast} true, or not. */
    public void zeroFast(boolean fast) {
        zeroesFast = fast;
    }

    @Override
    public boolean zeroesFast() {
        return zeroesFast;
    }

    /** Zeros that were not written as such count as not allocated. */
    @Override
    public Extent extent(long offset, long maxBytes) throws IOException {
        failIfAsked();
        boolean first = isAllocated(offset);
        long end = offset;
        while (end < offset + maxBytes && isAllocated(end) == first) {
            end = (end / SECTOR + 1) * SECTOR;
        }
        return new Extent(Math.min(maxBytes, end - offset), first);
    }

    private boolean isAllocated(long offset) {
        int from = (int) (offset / SECTOR * SECTOR);
        int to = Math.min(content.length, from + SECTOR);
        return kept.get(from / SECTOR) || !Arrays.equals(content, from, to, ZERO_SECTOR, 0, to - from);
    }

    @Override
    public void flush() throws IOException {
        failIfAsked();
        flushes.incrementAndGet();
    }

    private void failIfAsked() throws IOException {
        String message = failure;
        if (message != null) {
            throw new IOException(message);
        }
    }
}
