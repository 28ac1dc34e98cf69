package io.catena.sr.gc;

import io.catena.api.JobControl;
import io.catena.sr.job.StepControl;
import io.catena.store.BlockFile;
import io.catena.store.FileStorage;
import io.catena.store.ForwardingStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A disk of 100 MB a second in a time of its own, with a cache before it, and a guest that flushes again 54 ms after its last
 * flush. One works at a time: who comes meanwhile waits.
 */
final class SlowDisk extends ForwardingStorage implements StepControl.Guests, JobControl {
    static final long MILLI = 1_000_000;
    static final long FLUSH_NANOS = 10 * MILLI;
    private static final long FLUSH_PERIOD_NANOS = 54 * MILLI;
    private static final long SECOND = 1000 * MILLI;
    private static final long NANOS_PER_BYTE = 10;
    private static final long WRITE_NANOS = MILLI;
    private static final long SYNC_NANOS = 3 * MILLI;

    /** How long each flush of the guest took. */
    final List<Long> flushes = new ArrayList<>();

    /** How much each sync found in the cache. */
    final List<Long> syncs = new ArrayList<>();

    /** How long the collector had the disk in each second. */
    final List<Long> share = new ArrayList<>();

    private final boolean writesOut;
    private long now;
    private long flushBegins = FLUSH_PERIOD_NANOS;
    private long flushEnds;

    /** Whether the guest flushes all the time. */
    private boolean neverCeases;

    /**
     * @param writesOut whether bytes can be written out before a sync
     */
    SlowDisk(Path directory, boolean writesOut) {
        super(new FileStorage(directory));
        this.writesOut = writesOut;
    }

    void flushWithoutEnd() {
        neverCeases = true;
    }

    long nanos() {
        return now;
    }

    /** The collector works; a flush under way, or that begins meanwhile, takes so much longer. */
    private void work(long nanos) {
        if (isFlushing()) {
            flushEnds += nanos;
        }
        pass(nanos, nanos);
    }

    private boolean isFlushing() {
        return neverCeases || now < flushEnds;
    }

    private void pass(long nanos, long workNanos) {
        long end = now + nanos;
        int second = (int) (now / SECOND);
        while (share.size() <= second) {
            share.add(0L);
        }
        share.set(second, share.get(second) + workNanos);
        while (flushBegins <= end) {
            long free = workNanos > 0 ? end : flushBegins;
            flushEnds = free + FLUSH_NANOS;
            flushes.add(flushEnds - flushBegins);
            flushBegins = flushEnds + FLUSH_PERIOD_NANOS;
        }
        now = end;
    }

    @Override
    public long requests() {
        return now;
    }

    @Override
    public boolean flush() {
        return isFlushing();
    }

    @Override
    public void phase(String text) {}

    @Override
    public void addTotal(long bytes) {}

    @Override
    public void done(long bytes) {}

    @Override
    public void checkCancelled() {}

    @Override
    public void rest(long nanos) {
        pass(nanos, 0);
    }

    @Override
    public BlockFile create(String name) throws IOException {
        return new CachedFile(super.create(name));
    }

    @Override
    public BlockFile open(String name) throws IOException {
        return new CachedFile(super.open(name));
    }

    /** Of which writes take no time, and what they wrote takes its time later. */
    private final class CachedFile implements BlockFile {
        private final BlockFile file;
        private long cachedBytes;

        CachedFile(BlockFile file) {
            this.file = file;
        }

        @Override
        public void read(long offset, ByteBuffer target) throws IOException {
            file.read(offset, target);
        }

        @Override
        public void write(long offset, ByteBuffer source) throws IOException {
            cachedBytes += source.remaining();
            file.write(offset, source);
        }

        @Override
        public boolean writeOut(long offset, long lengthBytes) {
            if (writesOut) {
                long bytes = Math.min(cachedBytes, lengthBytes);
                cachedBytes -= bytes;
                work(WRITE_NANOS + bytes * NANOS_PER_BYTE);
            }
            return writesOut;
        }

        @Override
        public void sync() throws IOException {
            work(SYNC_NANOS + cachedBytes * NANOS_PER_BYTE);
            syncs.add(cachedBytes);
            cachedBytes = 0;
            file.sync();
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public void truncate(long size) throws IOException {
            file.truncate(size);
        }

        @Override
        public String name() {
            return file.name();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
