package io.catena.harness.sim;

import static io.catena.harness.sim.SparseBytes.SECTOR;

import io.catena.store.Storage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The bytes of one file, with all that a power cut could still make of them.
 *
 * <p>Only what changed since the last sync is kept twice, so a sync costs nothing.
 */
final class CachedFile {
    /** A sector that is written more often between two syncs forgets some of the values in between. */
    private static final int VERSIONS_KEPT = 16;

    private final SparseBytes bytes;

    /** The size at the last sync, and each that followed. */
    private final List<Long> sizes = new ArrayList<>(List.of(0L));

    /** Of each sector changed since the last sync: its value then, and each that was written since. */
    private final TreeMap<Long, List<Version>> versionsBySector = new TreeMap<>();

    private static final AtomicLong IDENTITIES = new AtomicLong();

    private final long identity = IDENTITIES.incrementAndGet();
    private long modifiedEpochSeconds;
    private long changes;

    CachedFile(long nowEpochSeconds) {
        this(new SparseBytes(), nowEpochSeconds);
    }

    private CachedFile(SparseBytes bytes, long nowEpochSeconds) {
        this.bytes = bytes;
        this.modifiedEpochSeconds = nowEpochSeconds;
    }

    /**
     * Returns another file with the same bytes, all durable.
     *
     * @throws IllegalStateException if a power cut could still take back some of them
     */
    CachedFile durableCopy() {
        if (sizes.size() > 1 || !versionsBySector.isEmpty()) {
            throw new IllegalStateException("a file of " + size() + " bytes is not synced");
        }
        CachedFile copy = new CachedFile(bytes.copy(), modifiedEpochSeconds);
        copy.settle(size());
        return copy;
    }

    long size() {
        return sizes.get(sizes.size() - 1);
    }

    long allocatedBytes() {
        return bytes.allocatedBytes();
    }

    long modifiedEpochSeconds() {
        return modifiedEpochSeconds;
    }

    void touch(long nowEpochSeconds) {
        modifiedEpochSeconds = nowEpochSeconds;
        changes++;
    }

    /** Counts changes instead of telling when they were, so that no two of them look alike. */
    Storage.Stamp stamp() {
        return new Storage.Stamp("file " + identity, size(), changes, changes);
    }

    long lengthThatFits(long offset, long length, long freePages) {
        return bytes.lengthThatFits(offset, length, freePages);
    }

    void read(long offset, ByteBuffer target) {
        long length = Math.max(0, Math.min(target.remaining(), size() - offset));
        int limit = target.limit();
        target.limit(target.position() + (int) length);
        bytes.read(offset, target);
        target.limit(limit);
    }

    /** Writes all of {@code source}, sector by sector. */
    void write(long offset, ByteBuffer source) {
        ByteBuffer rest = source.duplicate();
        for (long at = offset; rest.hasRemaining(); ) {
            int length = Math.min(SECTOR - (int) (at % SECTOR), rest.remaining());
            writeInSector(at, rest.slice(rest.position(), length));
            rest.position(rest.position() + length);
            at += length;
        }
        if (source.hasRemaining() && offset + source.remaining() > size()) {
            sizes.add(offset + source.remaining());
        }
    }

    private void writeInSector(long offset, ByteBuffer source) {
        long sector = offset / SECTOR;
        List<Version> versions = keepDurable(sector);
        bytes.write(offset, source);
        if (versions.size() == VERSIONS_KEPT) {
            versions.remove(VERSIONS_KEPT / 2);
        }
        versions.add(new Version(sizes.size() - 1, copyOf(sector)));
    }

    /** Makes bytes zero, sector by sector; whole pages of them take no memory. The size stays. */
    void punchHole(long offset, long length) {
        long end = Math.min(offset + length, size());
        List<Long> sectors = new ArrayList<>();
        bytes.forEachSectorFrom(offset, sector -> {
            if (sector * SECTOR < end) {
                sectors.add(sector);
            }
        });
        for (long sector : sectors) {
            long from = Math.max(offset, sector * SECTOR);
            long to = Math.min(end, (sector + 1) * SECTOR);
            writeInSector(from, ByteBuffer.allocate((int) (to - from)));
        }
        bytes.dropPages(offset, end);
    }

    void truncate(long size) {
        if (size == size()) {
            return;
        }
        bytes.forEachSectorFrom(size, this::keepDurable);
        bytes.clearFrom(size);
        sizes.add(size);
    }

    /** The first change of a sector since the last sync finds the durable value still there. */
    private List<Version> keepDurable(long sector) {
        return versionsBySector.computeIfAbsent(sector, s -> new ArrayList<>(List.of(new Version(0, copyOf(s)))));
    }

    private ByteBuffer copyOf(long sector) {
        return ByteBuffer.wrap(bytes.sector(sector));
    }

    void sync() {
        settle(size());
    }

    private void settle(long size) {
        sizes.clear();
        sizes.add(size);
        versionsBySector.clear();
    }

    /** Lets chance say what of the unsynced changes survives; that is then durable. */
    void losePower(Random random) {
        Chance chance = Chance.draw(random);
        int sizeChanges = chance.pick(sizes.size(), random);
        for (Map.Entry<Long, List<Version>> entry : versionsBySector.entrySet()) {
            List<Version> versions = entry.getValue();
            Version survivor = versions.get(chance.pick(versions.size(), random));
            restore(entry.getKey(), survivor, sizeChanges);
        }
        bytes.clearFrom(sizes.get(sizeChanges));
        settle(sizes.get(sizeChanges));
    }

    /** Puts a sector back as {@code version}, less what a surviving truncate after that has cut off. */
    private void restore(long sector, Version version, int sizeChanges) {
        long cutOffAt = Long.MAX_VALUE;
        for (int change = version.sizeChangesBefore() + 1; change <= sizeChanges; change++) {
            cutOffAt = Math.min(cutOffAt, sizes.get(change));
        }
        long kept = Math.max(0, Math.min(SECTOR, cutOffAt - sector * SECTOR));
        byte[] value = new byte[SECTOR];
        version.bytes().get(0, value, 0, (int) kept);
        bytes.write(sector * SECTOR, ByteBuffer.wrap(value));
    }

    /** A value that a sector had, and how many of {@link #sizes} after the first had come before it. */
    private record Version(int sizeChangesBefore, ByteBuffer bytes) {}

    /** How much of one file survives. Without the extremes a large file would never lose, or keep, all. */
    private enum Chance {
        NOTHING,
        ANYTHING,
        ALL;

        static Chance draw(Random random) {
            return random.nextInt(4) == 0 ? NOTHING : random.nextInt(3) == 0 ? ALL : ANYTHING;
        }

        /** Returns which of {@code count} values, in the order of time, survives. */
        int pick(int count, Random random) {
            return switch (this) {
                case NOTHING -> 0;
                case ANYTHING -> random.nextInt(count);
                case ALL -> count - 1;
            };
        }
    }
}
