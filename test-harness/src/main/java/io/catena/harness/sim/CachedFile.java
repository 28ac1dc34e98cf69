package io.catena.harness.sim;

import static io.catena.harness.sim.SparseBytes.PAGE;
import static io.catena.harness.sim.SparseBytes.SECTOR;

import io.catena.store.Storage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
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

    /** Of each page that has such a sector: what it held at the last sync. */
    private final Map<Long, ByteBuffer> durablePages = new HashMap<>();

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
        if (!source.hasRemaining()) {
            return;
        }
        byte[] written = new byte[source.remaining()];
        source.duplicate().get(written);
        change(offset, written);
        if (offset + written.length > size()) {
            sizes.add(offset + written.length);
        }
    }

    /** Gives each sector that {@code written} touches another value; of one that it does not fill, what it lacks stays. */
    private void change(long offset, byte[] written) {
        long end = offset + written.length;
        for (long sector = offset / SECTOR; sector * SECTOR < end; sector++) {
            keepDurable(sector);
        }
        ByteBuffer values = ByteBuffer.wrap(written);
        bytes.write(offset, values.duplicate());
        for (long sector = offset / SECTOR; sector * SECTOR < end; sector++) {
            long start = sector * SECTOR;
            boolean isWhole = start >= offset && start + SECTOR <= end;
            if (isWhole) {
                add(sector, values, (int) (start - offset));
            } else {
                add(sector, ByteBuffer.wrap(bytes.sector(sector)), 0);
            }
        }
    }

    private void add(long sector, ByteBuffer value, int at) {
        List<Version> versions = keepDurable(sector);
        if (versions.size() == VERSIONS_KEPT) {
            versions.remove(VERSIONS_KEPT / 2);
        }
        versions.add(new Version(sizes.size() - 1, value, at));
    }

    /** Makes bytes zero, sector by sector; whole pages of them take no memory. The size stays. */
    void punchHole(long offset, long length) {
        long end = Math.min(offset + length, size());
        if (end <= offset) {
            return;
        }
        List<Long> pages = new ArrayList<>();
        bytes.forEachPageFrom(offset, page -> {
            if (page * PAGE < end) {
                pages.add(page);
            }
        });
        for (long page : pages) {
            long from = Math.max(offset, page * PAGE);
            long to = Math.min(end, (page + 1) * PAGE);
            change(from, new byte[(int) (to - from)]);
        }
        bytes.dropPages(offset, end);
    }

    void truncate(long size) {
        if (size == size()) {
            return;
        }
        bytes.forEachPageFrom(size, page -> {
            long first = page * PAGE / SECTOR;
            for (long sector = Math.max(first, size / SECTOR); sector < first + PAGE / SECTOR; sector++) {
                keepDurable(sector);
            }
        });
        bytes.clearFrom(size);
        sizes.add(size);
    }

    /** The first change of a sector since the last sync finds the durable value still there, and that of its neighbours too. */
    private List<Version> keepDurable(long sector) {
        return versionsBySector.computeIfAbsent(sector, ignored -> {
            ByteBuffer page =
                    durablePages.computeIfAbsent(sector * SECTOR / PAGE, number -> ByteBuffer.wrap(bytes.page(number)));
            List<Version> versions = new ArrayList<>(2);
            versions.add(new Version(0, page, (int) (sector * SECTOR % PAGE)));
            return versions;
        });
    }

    void sync() {
        settle(size());
    }

    private void settle(long size) {
        sizes.clear();
        sizes.add(size);
        versionsBySector.clear();
        durablePages.clear();
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
        version.bytes().get(version.at(), value, 0, (int) kept);
        bytes.write(sector * SECTOR, ByteBuffer.wrap(value));
    }

    /**
     * A value that a sector had: it begins at {@code at} of {@code bytes}, which it shares with its neighbours.
     *
     * @param sizeChangesBefore how many of {@link #sizes} after the first had come before it
     */
    private record Version(int sizeChangesBefore, ByteBuffer bytes, int at) {}

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
