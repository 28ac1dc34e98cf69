package io.catena.change;

import io.catena.api.DiskRange;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** Parts of a disk as bits, one for each 64 KiB, as XenServer counts them. */
public final class Grains {
    public static final int BYTES = 64 << 10;

    private Grains() {}

    /** Returns the grains that any of some ranges touches. */
    public static BitSet of(List<DiskRange> ranges) {
        BitSet grains = new BitSet();
        ranges.forEach(range -> add(grains, range.offset(), range.end()));
        return grains;
    }

    /** Adds the grains that the bytes of a disk from {@code offset} up to {@code end} touch. */
    public static void add(BitSet grains, long offset, long end) {
        if (end > offset) {
            grains.set((int) (offset / BYTES), (int) ((end - 1) / BYTES) + 1);
        }
    }

    /** Returns a disk's grains as ordered, disjoint ranges. */
    public static List<DiskRange> ranges(BitSet grains, long sizeBytes) {
        List<DiskRange> ranges = new ArrayList<>();
        for (int from = grains.nextSetBit(0); from >= 0; ) {
            int to = grains.nextClearBit(from);
            long offset = (long) from * BYTES;
            long end = Math.min((long) to * BYTES, sizeBytes);
            if (offset < end) {
                ranges.add(new DiskRange(offset, end - offset));
            }
            from = grains.nextSetBit(to);
        }
        return ranges;
    }

    /** Returns how many grains a disk has; the last may be shorter. */
    public static int count(long sizeBytes) {
        return (int) ((sizeBytes + BYTES - 1) / BYTES);
    }

    /** Returns what is in either of two lists of ordered, disjoint ranges. */
    public static List<DiskRange> union(List<DiskRange> some, List<DiskRange> others) {
        List<DiskRange> sorted = new ArrayList<>(some);
        sorted.addAll(others);
        sorted.sort((a, b) -> Long.compare(a.offset(), b.offset()));
        List<DiskRange> union = new ArrayList<>();
        for (DiskRange range : sorted) {
            int last = union.size() - 1;
            if (last >= 0 && union.get(last).end() >= range.offset()) {
                DiskRange before = union.get(last);
                long end = Math.max(before.end(), range.end());
                union.set(last, new DiskRange(before.offset(), end - before.offset()));
            } else {
                union.add(range);
            }
        }
        return union;
    }
}
