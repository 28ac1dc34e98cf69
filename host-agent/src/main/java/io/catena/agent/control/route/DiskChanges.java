package io.catena.agent.control.route;

import io.catena.api.DiskRange;
import io.catena.api.VdiId;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What changed in a disk.
 *
 * @param base what it is compared with; null for nothing: the ranges hold data
 * @param ranges ordered and disjoint; all else is the same
 */
record DiskChanges(VdiId vdi, @Nullable VdiId base, long sizeBytes, long granularityBytes, List<DiskRange> ranges) {
    /** Returns the same, told in whole units of some size, with neighbours made one. */
    static DiskChanges of(
            VdiId vdi, @Nullable VdiId base, long sizeBytes, long granularityBytes, List<DiskRange> exact) {
        List<DiskRange> ranges = new ArrayList<>();
        for (DiskRange range : exact) {
            long from = range.offset() / granularityBytes * granularityBytes;
            long units = (range.end() + granularityBytes - 1) / granularityBytes;
            long end = Math.min(sizeBytes, units * granularityBytes);
            DiskRange last = ranges.isEmpty() ? null : ranges.get(ranges.size() - 1);
            if (last != null && last.end() >= from) {
                ranges.set(ranges.size() - 1, new DiskRange(last.offset(), Math.max(end, last.end()) - last.offset()));
            } else {
                ranges.add(new DiskRange(from, end - from));
            }
        }
        return new DiskChanges(vdi, base, sizeBytes, granularityBytes, ranges);
    }
}
