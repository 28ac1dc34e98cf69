package io.catena.agent.mirror;

import io.catena.disk.BlockDevice;
import io.catena.disk.Extent;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;

/** A disk in memory that knows its holes, and that tells a hook before and after each request. */
class MemoryDisk implements BlockDevice {
    static final int PAGE = 4096;

    private final Runnable hook;
    private byte[] bytes;
    private byte[] durable;
    private final BitSet allocated = new BitSet();
    private volatile boolean discards = true;

    MemoryDisk(int sizeBytes, Runnable hook) {
        this.hook = hook;
        bytes = new byte[sizeBytes];
        durable = bytes.clone();
    }

    synchronized byte[] content() {
        return bytes.clone();
    }

    /** Whether what is discarded becomes zeros. */
    void discards(boolean now) {
        discards = now;
    }

    void grow(int sizeBytes) {
        synchronized (this) {
            bytes = Arrays.copyOf(bytes, sizeBytes);
        }
    }

    /** Forgets what was not flushed. */
    synchronized void losePower() {
        bytes = durable.clone();
    }

    @Override
    public synchronized long sizeBytes() {
        return bytes.length;
    }

    @Override
    public boolean readOnly() {
        return false;
    }

    @Override
    public void read(long offset, ByteBuffer target) {
        hook.run();
        synchronized (this) {
            target.put(bytes, (int) offset, target.remaining());
        }
        hook.run();
    }

    @Override
    public void write(long offset, ByteBuffer source) {
        hook.run();
        synchronized (this) {
            int length = source.remaining();
            source.get(bytes, (int) offset, length);
            allocated.set((int) (offset / PAGE), (int) ((offset + length + PAGE - 1) / PAGE));
        }
        hook.run();
    }

    @Override
    public void discard(long offset, long lengthBytes) {
        if (discards) {
            writeZeroes(offset, lengthBytes, true);
        } else {
            hook.run();
        }
    }

    @Override
    public void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) {
        hook.run();
        synchronized (this) {
            Arrays.fill(bytes, (int) offset, (int) (offset + lengthBytes), (byte) 0);
            if (mayDeallocate) {
                int first = (int) ((offset + PAGE - 1) / PAGE);
                allocated.clear(first, Math.max(first, (int) ((offset + lengthBytes) / PAGE)));
            }
        }
        hook.run();
    }

    @Override
    public boolean zeroesFast() {
        return true;
    }

    @Override
    public Extent extent(long offset, long maxBytes) {
        synchronized (this) {
            int page = (int) (offset / PAGE);
            boolean isData = allocated.get(page);
            int next = isData ? allocated.nextClearBit(page) : allocated.nextSetBit(page);
            long end = next < 0 ? Long.MAX_VALUE : (long) next * PAGE;
            return new Extent(Math.min(maxBytes, end - offset), isData);
        }
    }

    @Override
    public void flush() {
        hook.run();
        synchronized (this) {
            durable = bytes.clone();
        }
        hook.run();
    }
}
