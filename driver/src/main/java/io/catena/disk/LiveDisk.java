package io.catena.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The disk that a guest sees: a chain that can be replaced by another with the same content while requests run.
 *
 * <p><b>Threads.</b> Requests share the gate and run in parallel. Who holds the gate alone waits for the requests under way
 * and holds back new ones; the lock is fair, so a busy guest cannot keep it waiting for ever.
 */
public final class LiveDisk implements BlockDevice {
    private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock(true);
    private final boolean readOnly;

    /** Guarded by the gate. */
    private Chain chain;

    public LiveDisk(Chain chain, boolean readOnly) {
        this.chain = chain;
        this.readOnly = readOnly;
    }

    @Override
    public long sizeBytes() {
        return chain().sizeBytes();
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        Lock shared = gate.readLock();
        shared.lock();
        try {
            if (isAligned(offset, target)) {
                chain.read(offset, target);
            } else {
                target.put(readWidened(offset, target.remaining()));
            }
        } finally {
            shared.unlock();
        }
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        if (readOnly) {
            throw new IOException("the disk is attached read-only");
        }
        if (!isAligned(offset, source)) {
            writePartOfSector(offset, source);
            return;
        }
        Lock shared = gate.readLock();
        shared.lock();
        try {
            chain.write(offset, source);
        } finally {
            shared.unlock();
        }
    }

    /** Alone, else a write to the other part of the same sector could be lost. */
    private void writePartOfSector(long offset, ByteBuffer source) throws IOException {
        Lock alone = gate.writeLock();
        alone.lock();
        try {
            int length = source.remaining();
            long start = offset / SECTOR * SECTOR;
            ByteBuffer whole = ByteBuffer.allocate((int) (roundUp(offset + length) - start));
            chain.read(start, whole);
            whole.position((int) (offset - start)).put(source);
            chain.write(start, whole.rewind());
        } finally {
            alone.unlock();
        }
    }

    private ByteBuffer readWidened(long offset, int length) throws IOException {
        long start = offset / SECTOR * SECTOR;
        ByteBuffer whole = ByteBuffer.allocate((int) (roundUp(offset + length) - start));
        chain.read(start, whole);
        return whole.slice((int) (offset - start), length);
    }

    @Override
    public void flush() throws IOException {
        Lock shared = gate.readLock();
        shared.lock();
        try {
            if (!readOnly) {
                chain.flush();
            }
        } finally {
            shared.unlock();
        }
    }

    /** As {@link Chain#run}. */
    public long run(long offset, long maxBytes) throws IOException {
        Lock shared = gate.readLock();
        shared.lock();
        try {
            return chain.run(offset, maxBytes);
        } finally {
            shared.unlock();
        }
    }

    /** Returns the chain that serves now. */
    public Chain chain() {
        Lock shared = gate.readLock();
        shared.lock();
        try {
            return chain;
        } finally {
            shared.unlock();
        }
    }

    /** Waits for the requests under way and holds back all others until the gate is closed again. */
    public Pause pause() {
        gate.writeLock().lock();
        return new Pause();
    }

    /** The time in which no request runs. Belongs to the thread that paused the disk. */
    public final class Pause implements AutoCloseable {
        private Pause() {}

        public Chain chain() {
            return chain;
        }

        /** Serves {@code successor} from now on, which must have the same content. */
        public void replace(Chain successor) {
            chain = successor;
        }

        /** Lets requests run again. */
        @Override
        public void close() {
            gate.writeLock().unlock();
        }
    }

    private static boolean isAligned(long offset, ByteBuffer bytes) {
        return offset % SECTOR == 0 && bytes.remaining() % SECTOR == 0;
    }

    private static long roundUp(long offset) {
        return (offset + SECTOR - 1) / SECTOR * SECTOR;
    }
}
