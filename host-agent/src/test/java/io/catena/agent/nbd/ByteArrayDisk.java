package io.catena.agent.nbd;

import io.catena.disk.BlockDevice;
import io.catena.disk.Extent;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A disk in an array, whose requests can be held up. */
public final class ByteArrayDisk implements BlockDevice {
    final byte[] content;
    final CountDownLatch readStarted = new CountDownLatch(1);
    volatile CountDownLatch readMayGoOn = new CountDownLatch(0);

    /** A write goes on when so many have begun. */
    volatile CountDownLatch writesTogether = new CountDownLatch(0);

    public ByteArrayDisk(int sizeBytes) {
        content = new byte[sizeBytes];
    }

    @Override
    public long sizeBytes() {
        return content.length;
    }

    @Override
    public boolean readOnly() {
        return false;
    }

    @Override
    public void read(long offset, ByteBuffer target) {
        readStarted.countDown();
        await(readMayGoOn);
        target.put(content, Math.toIntExact(offset), target.remaining());
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(20, TimeUnit.SECONDS)) {
                throw new IllegalStateException("a request was held up for 20 s");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("threads inside a device must not be interrupted", e);
        }
    }

    @Override
    public void write(long offset, ByteBuffer source) {
        CountDownLatch together = writesTogether;
        together.countDown();
        await(together);
        source.get(content, Math.toIntExact(offset), source.remaining());
    }

    @Override
    public void discard(long offset, long lengthBytes) {
        writeZeroes(offset, lengthBytes, true);
    }

    @Override
    public void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) {
        Arrays.fill(content, (int) offset, (int) (offset + lengthBytes), (byte) 0);
    }

    @Override
    public boolean zeroesFast() {
        return true;
    }

    @Override
    public Extent extent(long offset, long maxBytes) {
        return new Extent(maxBytes, true);
    }

    @Override
    public void flush() {}
}
