package io.catena.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A file that knows whether anything was changed through it since it was last synced: a sync of what is durable already
 * takes a disk as long as another.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class TrackedFile implements BlockFile {
    private final BlockFile file;

    /** How many changes have ended. What was changed before the file was opened counts as one. */
    private final AtomicLong changes = new AtomicLong(1);

    /** So many of them are durable. */
    private final AtomicLong durable = new AtomicLong();

    /** Owns the file. */
    public TrackedFile(BlockFile file) {
        this.file = file;
    }

    /** Returns the file itself, from which others can take bytes. */
    public BlockFile file() {
        return file;
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        file.read(offset, target);
    }

    /** Also a call that fails may have changed something. */
    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        try {
            file.write(offset, source);
        } finally {
            changes.incrementAndGet();
        }
    }

    @Override
    public long size() throws IOException {
        return file.size();
    }

    @Override
    public void truncate(long size) throws IOException {
        try {
            file.truncate(size);
        } finally {
            changes.incrementAndGet();
        }
    }

    @Override
    public void punchHole(long offset, long lengthBytes) throws IOException {
        try {
            file.punchHole(offset, lengthBytes);
        } finally {
            changes.incrementAndGet();
        }
    }

    @Override
    public boolean punchesHoles() {
        return file.punchesHoles();
    }

    @Override
    public Taken takeFrom(BlockFile source, long sourceOffset, long offset, long lengthBytes) throws IOException {
        try {
            return file.takeFrom(source, sourceOffset, offset, lengthBytes);
        } finally {
            changes.incrementAndGet();
        }
    }

    @Override
    public boolean writeOut(long offset, long lengthBytes) throws IOException {
        return file.writeOut(offset, lengthBytes);
    }

    @Override
    public void sync() throws IOException {
        long covered = changes.get();
        file.sync();
        durable.accumulateAndGet(covered, Math::max);
    }

    /** As {@link #sync}; does nothing if all changes that have ended are durable. */
    public void syncIfChanged() throws IOException {
        if (durable.get() < changes.get()) {
            sync();
        }
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
