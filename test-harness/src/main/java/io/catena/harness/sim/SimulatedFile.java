package io.catena.harness.sim;

import static io.catena.harness.sim.SparseBytes.SECTOR;

import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** A file of a {@link SimulatedStorage}, opened by one incarnation of the machine's process. */
final class SimulatedFile implements BlockFile {
    private final Machine machine;
    private final SimulatedStorage storage;
    private final String name;
    private final CachedFile file;
    private final boolean writable;
    private final int incarnation;
    private boolean closed;
    private @Nullable IOException failedSync;

    SimulatedFile(Machine machine, SimulatedStorage storage, String name, CachedFile file, boolean writable) {
        this.machine = machine;
        this.storage = storage;
        this.name = name;
        this.file = file;
        this.writable = writable;
        this.incarnation = machine.incarnation();
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        synchronized (machine) {
            checkUsable();
            checkNotNegative(offset);
            file.read(offset, target);
        }
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        synchronized (machine) {
            checkWritable();
            checkNotNegative(offset);
            String range = source.remaining() + " bytes at byte " + offset;
            call("write " + range, new Write(offset, source.slice()));
            source.position(source.limit());
        }
    }

    @Override
    public long size() throws IOException {
        synchronized (machine) {
            checkUsable();
            return file.size();
        }
    }

    @Override
    public void truncate(long size) throws IOException {
        synchronized (machine) {
            checkWritable();
            checkNotNegative(size);
            call("truncate to " + size, () -> {
                file.truncate(size);
                changed();
            });
        }
    }

    @Override
    public void punchHole(long offset, long lengthBytes) throws IOException {
        synchronized (machine) {
            checkWritable();
            checkNotNegative(offset);
            checkNotNegative(lengthBytes);
            call("punch " + lengthBytes + " bytes at byte " + offset, new Hole(offset, lengthBytes));
        }
    }

    @Override
    public boolean punchesHoles() {
        return true;
    }

    @Override
    public void sync() throws IOException {
        synchronized (machine) {
            checkUsable();
            if (failedSync != null) {
                throw new IOException(
                        name + ": a sync failed before, bytes may be lost; open the file anew", failedSync);
            }
            try {
                call("sync", file::sync);
            } catch (IOException e) {
                failedSync = e;
                throw e;
            }
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void close() {
        synchronized (machine) {
            closed = true;
        }
    }

    private void call(String what, Change change) throws IOException {
        machine.call(storage.root().absolute(name) + ": " + what, change);
    }

    private void changed() {
        file.touch(machine.nowEpochSeconds());
        if (storage.isVolatile()) {
            file.sync(); // nothing to remember: a power cut takes the whole file
        }
    }

    private void checkWritable() throws IOException {
        checkUsable();
        if (!writable) {
            throw new NonWritableChannelException();
        }
    }

    private void checkUsable() throws IOException {
        machine.checkRunning();
        if (closed) {
            throw new ClosedChannelException();
        }
        if (incarnation != machine.incarnation()) {
            throw new IOException(name + " is stale: it was opened before the power cut or the death of the process");
        }
    }

    private static void checkNotNegative(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("negative offset or size: " + bytes);
        }
    }

    /** Each sector is a hole or is not, whatever happens to the others. */
    private final class Hole implements Change {
        private final long offset;
        private final long length;

        Hole(long offset, long length) {
            this.offset = offset;
            this.length = length;
        }

        @Override
        public void whole() {
            file.punchHole(offset, length);
            changed();
        }

        @Override
        public void scattered(Random random) {
            long piece = SECTOR * (1L + random.nextInt(64));
            for (long at = offset; at < offset + length; at += piece) {
                if (random.nextBoolean()) {
                    file.punchHole(at, Math.min(piece, offset + length - at));
                    changed();
                }
            }
        }

        @Override
        public void upToSomewhere(Random random) {
            file.punchHole(offset, (long) (random.nextDouble() * length) / SECTOR * SECTOR);
            changed();
        }
    }

    private final class Write implements Change {
        private final long offset;
        private final ByteBuffer source;

        Write(long offset, ByteBuffer source) {
            this.offset = offset;
            this.source = source;
        }

        @Override
        public void whole() throws IOException {
            int fitting = fitting();
            write(0, fitting);
            if (fitting < source.remaining()) {
                throw new IOException(name + ": cannot write " + (source.remaining() - fitting) + " bytes at byte "
                        + (offset + fitting) + ": No space left on device");
            }
        }

        @Override
        public void scattered(Random random) {
            int end = fitting();
            for (int at = 0, next; at < end; at = next) {
                next = Math.min(end, sectorEnd(at));
                if (random.nextBoolean()) {
                    write(at, next);
                }
            }
        }

        @Override
        public void upToSomewhere(Random random) {
            int fitting = fitting();
            int end = Math.min(fitting, sectorEnd(random.nextInt(fitting + 1)));
            write(0, random.nextInt(3) == 0 ? 0 : end);
        }

        private int fitting() {
            return (int) file.lengthThatFits(offset, source.remaining(), storage.freePages());
        }

        /** Returns where the sector that has byte {@code at} of the source ends in the source. */
        private int sectorEnd(int at) {
            return at + SECTOR - (int) ((offset + at) % SECTOR);
        }

        private void write(int from, int to) {
            file.write(offset + from, source.slice(from, to - from));
            changed();
        }
    }
}
