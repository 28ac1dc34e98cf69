package io.catena.harness.peer;

import io.catena.disk.BlockDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A disk in memory that counts flushes and fails on demand. */
public final class MemoryDisk implements BlockDevice {
    private final byte[] content;
    private final boolean readOnly;
    private final AtomicInteger flushes = new AtomicInteger();
    private volatile @Nullable String failure;

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
