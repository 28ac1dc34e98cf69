package io.catena.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/** A {@link BlockFile} on an {@link OpenFile}, which it owns. */
final class ChannelFile implements BlockFile {
    private final String name;
    private final OpenFile open;
    private final FileChannel channel;
    private final @Nullable HolePunch punch;

    /** Whether the file system has not refused to punch a hole. */
    private volatile boolean punchesHoles;

    /** Writes share it; growth, which puts a zero at the new end, must not fall on what a write has just put there. */
    private final ReadWriteLock growth = new ReentrantReadWriteLock();

    private volatile @Nullable IOException failedSync;

    ChannelFile(String name, OpenFile open) {
        this.name = name;
        this.open = open;
        this.channel = open.channel();
        this.punch = open.punch();
        this.punchesHoles = punch != null;
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        long at = offset;
        try {
            while (target.hasRemaining()) {
                int count = channel.read(target, at);
                if (count < 0) {
                    return;
                }
                at += count;
            }
        } catch (IOException e) {
            throw failure("cannot read " + target.remaining() + " bytes at byte " + at, e);
        }
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        Lock shared = growth.readLock();
        shared.lock();
        try {
            writeFully(offset, source);
        } finally {
            shared.unlock();
        }
    }

    private void writeFully(long offset, ByteBuffer source) throws IOException {
        long at = offset;
        try {
            while (source.hasRemaining()) {
                at += channel.write(source, at);
            }
        } catch (IOException e) {
            throw failure("cannot write " + source.remaining() + " bytes at byte " + at, e);
        }
    }

    @Override
    public long size() throws IOException {
        return channel.size();
    }

    @Override
    public void truncate(long size) throws IOException {
        Lock alone = growth.writeLock();
        alone.lock();
        try {
            if (size > channel.size()) {
                writeFully(size - 1, ByteBuffer.allocate(1));
            } else {
                channel.truncate(size);
            }
        } finally {
            alone.unlock();
        }
    }

    @Override
    public void punchHole(long offset, long lengthBytes) throws IOException {
        if (offset < 0 || lengthBytes < 0) {
            throw new IllegalArgumentException("negative offset or length: " + offset + ", " + lengthBytes);
        }
        if (!channel.isOpen()) {
            throw new ClosedChannelException();
        }
        HolePunch holes = punch;
        if (lengthBytes == 0) {
            return;
        }
        if (holes != null && punchesHoles) {
            punchesHoles = tryPunch(holes, offset, lengthBytes);
        }
        if (!punchesHoles) {
            BlockFile.super.punchHole(offset, lengthBytes);
        }
    }

    private boolean tryPunch(HolePunch holes, long offset, long lengthBytes) throws IOException {
        try {
            return holes.punch(offset, lengthBytes);
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            throw failure("cannot punch a hole of " + lengthBytes + " bytes at byte " + offset, e);
        }
    }

    @Override
    public Taken takeFrom(BlockFile source, long sourceOffset, long offset, long lengthBytes) throws IOException {
        HolePunch to = punch;
        HolePunch from = punchOf(source);
        if (to == null || from == null) {
            return Taken.REFUSED;
        }
        Lock shared = growth.readLock();
        shared.lock();
        try {
            return to.takeFrom(from, sourceOffset, offset, lengthBytes);
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            throw failure("cannot take " + lengthBytes + " bytes at byte " + offset + " from " + source.name(), e);
        } finally {
            shared.unlock();
        }
    }

    private static @Nullable HolePunch punchOf(BlockFile source) throws ClosedChannelException {
        BlockFile file = source instanceof WritableFiles.Lent lent ? lent.file() : source;
        return file instanceof ChannelFile own ? own.punch : null;
    }

    @Override
    public boolean punchesHoles() {
        return punchesHoles;
    }

    /** The system tells of a failure once: a sync would not hear of it. */
    @Override
    public boolean writeOut(long offset, long lengthBytes) throws IOException {
        HolePunch own = punch;
        if (own == null) {
            return false;
        }
        try {
            return own.writeOut(offset, lengthBytes);
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            failedSync = e;
            throw failure("cannot write out " + lengthBytes + " bytes at byte " + offset, e);
        }
    }

    /** {@code force(false)} is fdatasync(2), which covers the size and all else that is needed to read the bytes. */
    @Override
    public void sync() throws IOException {
        IOException earlier = failedSync;
        if (earlier != null) {
            throw new IOException(
                    name + ": a sync failed before, bytes may be lost; open the file anew: " + earlier.getMessage(),
                    earlier);
        }
        try {
            channel.force(false);
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            failedSync = e;
            throw failure("cannot sync", e);
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void close() throws IOException {
        open.close();
    }

    /** Adds what the kernel's words leave out: which file, and where in it. */
    private IOException failure(String what, IOException cause) {
        return cause instanceof ClosedChannelException
                ? cause
                : new IOException(name + ": " + what + ": " + cause.getMessage(), cause);
    }
}
