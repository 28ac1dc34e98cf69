package io.catena.disk;

import io.catena.store.CacheBudget;
import io.catena.vhd.Layer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * Which file of a chain each sector comes from, the leaf aside: the chain, flattened, so that to find a sector costs one
 * look-up however many files there are.
 *
 * <p>Of each {@value #UNIT_BYTES} bytes it is known, once somebody has asked, whether one file has them all, or no file, or
 * several; for the latter the sectors in a row that come from the same file are kept.
 *
 * <p>It never changes, because what the lower files show does not while they are in a chain. A file may take in sectors of
 * the one above, or the one above some of its; both show the same before and after.
 *
 * <p><b>Memory.</b> Two bytes a unit, and {@value #CACHED_RUNS} runs of four bytes at most, beside the last unit's; fewer where the
 * budget of the process is used up.
 *
 * <p><b>Threads.</b> Safe for use by many threads. Units that are not mixed are told without a lock.
 */
final class OwnerMap implements CacheBudget.Cache {
    static final int UNIT_BYTES = 2 << 20;

    private static final int SECTOR = BlockDevice.SECTOR;
    private static final int CACHED_RUNS = 1 << 20;

    /** What holds the runs of a unit. */
    private static final int UNIT_OVERHEAD_BYTES = 88;

    /** In {@link #owners}; the others are levels. */
    private static final short UNKNOWN = 0;

    private static final short NOBODY = -1;
    private static final short MIXED = -2;

    /** A run is its last sector's successor in the unit and, in the lower bits, its level or 0. */
    private static final int LEVEL_BITS = 16;

    private static final int LEVEL_MASK = (1 << LEVEL_BITS) - 1;

    private final List<Layer> layers;

    /** By unit. Who finds a value that another thread has just set, or not yet, is right either way. */
    private final short[] owners;

    /** The runs of mixed units, least recently used first; guarded by itself. */
    private final LinkedHashMap<Integer, int[]> runs = new LinkedHashMap<>(16, 0.75f, true);

    /** How many runs these are; changed under the lock of {@link #runs}. */
    private volatile int cachedRuns;

    /** Of how many units; changed under the lock of {@link #runs}. */
    private volatile int cachedUnits;

    private final CacheBudget budget;

    /** Whether what is found can be kept; until then each look-up asks the files. */
    private volatile boolean settled;

    /**
     * @param layers leaf first
     * @param settled whether no layer but the leaf is written
     */
    OwnerMap(List<Layer> layers, boolean settled) {
        this(layers, settled, CacheBudget.process());
    }

    /** As {@link #OwnerMap(List, boolean)}, within a budget. */
    OwnerMap(List<Layer> layers, boolean settled, CacheBudget budget) {
        this.settled = settled;
        if (layers.size() > Short.MAX_VALUE) {
            throw new IllegalArgumentException("a chain of " + layers.size() + " files, expected at most 32767");
        }
        this.layers = List.copyOf(layers);
        long sizeBytes = layers.size() == 1 ? 0 : layers.get(0).sizeBytes();
        owners = new short[Math.toIntExact((sizeBytes + UNIT_BYTES - 1) / UNIT_BYTES)];
        this.budget = budget;
        budget.add(this);
    }

    @Override
    public long fixedBytes() {
        return (long) owners.length * Short.BYTES;
    }

    @Override
    public long cachedBytes() {
        return (long) cachedRuns * Integer.BYTES + (long) cachedUnits * UNIT_OVERHEAD_BYTES;
    }

    @Override
    public void trim(long bytes) {
        synchronized (runs) {
            Iterator<int[]> oldest = runs.values().iterator();
            while (cachedBytes() > bytes && oldest.hasNext()) {
                forget(oldest);
            }
        }
    }

    private void setCachedRuns(int count) {
        cachedRuns = count;
    }

    private void forget(Iterator<int[]> oldest) {
        setCachedRuns(cachedRuns - oldest.next().length);
        oldest.remove();
        cachedUnits = runs.size();
    }

    /**
     * Sectors in a row that come from the same file.
     *
     * @param level of the file, 1 for the leaf's parent; 0 if no file has them, so that they are zero
     */
    record Run(int level, long lengthBytes) {}

    /**
     * Tells which file the sectors from {@code offset} on come from if the leaf does not have them; not necessarily as far
     * as could be said.
     *
     * @param maxBytes how far to look, at least one sector, within the size
     */
    Run find(long offset, long maxBytes) throws IOException {
        if (layers.size() == 1) {
            return new Run(0, maxBytes);
        }
        if (!settled) {
            return walk(offset, maxBytes);
        }
        int unit = (int) (offset / UNIT_BYTES);
        long length = Math.min(maxBytes, (unit + 1L) * UNIT_BYTES - offset);
        short owner = owners[unit];
        if (owner == UNKNOWN) {
            owner = flatten(unit);
        }
        return switch (owner) {
            case NOBODY -> new Run(0, length);
            case MIXED -> findMixed(unit, offset, length);
            case UNKNOWN -> walk(offset, length);
            default -> new Run(owner, length);
        };
    }

    /** No layer but the leaf is written any more. */
    void settle() {
        settled = true;
    }

    private Run findMixed(int unit, long offset, long maxBytes) throws IOException {
        int[] ofUnit;
        synchronized (runs) {
            ofUnit = runs.get(unit);
        }
        if (ofUnit == null) {
            flatten(unit);
            return walk(offset, maxBytes);
        }
        int sector = (int) (offset % UNIT_BYTES / SECTOR);
        int run = ofUnit[indexOf(ofUnit, sector)];
        long length = (long) ((run >>> LEVEL_BITS) - sector) * SECTOR;
        return new Run(run & LEVEL_MASK, Math.min(maxBytes, length));
    }

    /** Returns the index of the first run that ends behind {@code sector}. */
    private static int indexOf(int[] ofUnit, int sector) {
        int low = 0;
        int high = ofUnit.length - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (ofUnit[middle] >>> LEVEL_BITS > sector) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /** Finds out about a unit; UNKNOWN if a file cannot tell, which need not concern the sectors that were asked for. */
    private short flatten(int unit) {
        int[] ofUnit;
        try {
            ofUnit = runs(unit);
        } catch (IOException e) {
            // Whoever needs what is not to be had hears of it from the walk that follows.
            return UNKNOWN;
        }
        if (ofUnit.length == 1) {
            int level = ofUnit[0] & LEVEL_MASK;
            owners[unit] = level == 0 ? NOBODY : (short) level;
        } else {
            keep(unit, ofUnit);
            owners[unit] = MIXED;
        }
        return owners[unit];
    }

    private int[] runs(int unit) throws IOException {
        long start = (long) unit * UNIT_BYTES;
        long end = Math.min(start + UNIT_BYTES, layers.get(0).sizeBytes());
        List<Integer> found = new ArrayList<>();
        for (long at = start; at < end; ) {
            Run run = walk(at, end - at);
            at += run.lengthBytes();
            int last = found.size() - 1;
            if (last >= 0 && (found.get(last) & LEVEL_MASK) == run.level()) {
                found.remove(last);
            }
            found.add((int) ((at - start) / SECTOR) << LEVEL_BITS | run.level());
        }
        return found.stream().mapToInt(Integer::intValue).toArray();
    }

    private void keep(int unit, int[] ofUnit) {
        synchronized (runs) {
            int[] before = runs.put(unit, ofUnit);
            setCachedRuns(cachedRuns + ofUnit.length - (before == null ? 0 : before.length));
            cachedUnits = runs.size();
            Iterator<int[]> oldest = runs.values().iterator();
            while (cachedRuns > CACHED_RUNS && runs.size() > 1) {
                forget(oldest);
            }
        }
        budget.grown();
    }

    /** Asks one file after the other. Beyond a file's size nothing counts that is below. */
    private Run walk(long offset, long maxBytes) throws IOException {
        long length = maxBytes;
        for (int level = 1; level < layers.size(); level++) {
            Layer layer = layers.get(level);
            long rest = layer.sizeBytes() - offset;
            if (rest <= 0) {
                break;
            }
            long run = layer.run(offset, Math.min(rest, length));
            if (run > 0) {
                return new Run(level, run);
            }
            length = Math.min(length, -run);
        }
        return new Run(0, length);
    }
}
