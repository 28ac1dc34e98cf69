package io.catena.agent.api.cloud;

import io.catena.agent.api.cloud.Growth.Point;
import io.catena.api.VdiId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the chains of an SR's disks took in the last days. There are {@value #MOST_ROWS} looks at most, the old ones farther apart
 * than the new ones, so that ten thousand disks take some megabytes. For one thread at a time.
 */
final class DiskHistory {
    static final int MOST_ROWS = 64;
    private static final Duration KEPT = Growth.LOOKED_AT;
    private static final long UNKNOWN = -1;

    /** Oldest first. */
    private final List<Row> rows = new ArrayList<>();

    /** One look; the ids are sorted. */
    @SuppressWarnings("ArrayRecordComponent") // never compared; boxes would take several times as much
    private record Row(Instant time, VdiId[] ids, long[] bytes) {
        long of(VdiId id) {
            int at = Arrays.binarySearch(ids, id);
            return at < 0 ? UNKNOWN : bytes[at];
        }
    }

    /** As it stands in a file: for each disk what it took at each of the times; less than 0 if it was not there. */
    record Kept(List<Instant> times, Map<String, long[]> disks) {}

    static DiskHistory of(Kept kept) {
        DiskHistory history = new DiskHistory();
        for (int i = 0; i < kept.times.size(); i++) {
            SortedMap<VdiId, Long> sizes = new TreeMap<>();
            for (Map.Entry<String, long[]> disk : kept.disks.entrySet()) {
                long bytes = disk.getValue()[i];
                if (bytes >= 0) {
                    sizes.put(VdiId.parse(disk.getKey()), bytes);
                }
            }
            history.add(kept.times.get(i), sizes);
        }
        return history;
    }

    Kept kept() {
        Map<String, long[]> disks = new TreeMap<>();
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            for (int j = 0; j < row.ids.length; j++) {
                disks.computeIfAbsent(row.ids[j].toString(), id -> unknown())[i] = row.bytes[j];
            }
        }
        return new Kept(rows.stream().map(Row::time).toList(), disks);
    }

    private long[] unknown() {
        long[] bytes = new long[rows.size()];
        Arrays.fill(bytes, UNKNOWN);
        return bytes;
    }

    void add(Instant time, SortedMap<VdiId, Long> sizes) {
        VdiId[] ids = sizes.keySet().toArray(VdiId[]::new);
        boolean same = !rows.isEmpty() && Arrays.equals(ids, rows.get(rows.size() - 1).ids);
        rows.add(new Row(
                time,
                same ? rows.get(rows.size() - 1).ids : ids,
                sizes.values().stream().mapToLong(Long::longValue).toArray()));
        rows.removeIf(row -> row.time.isBefore(time.minus(KEPT)));
        if (rows.size() > MOST_ROWS) {
            thinOut();
        }
    }

    /** Drops the look that leaves the smallest gap, measured by how old it is. */
    private void thinOut() {
        int dropped = 1;
        for (int i = 2; i < rows.size() - 1; i++) {
            dropped = gap(i) < gap(dropped) ? i : dropped;
        }
        rows.remove(dropped);
    }

    private double gap(int row) {
        Instant now = rows.get(rows.size() - 1).time;
        Duration gap = Duration.between(rows.get(row - 1).time, rows.get(row + 1).time);
        return (double) gap.toMillis()
                / Math.max(1, Duration.between(rows.get(row).time, now).toMillis());
    }

    /** Returns what is known of a disk, oldest first. */
    List<Point> of(VdiId id) {
        return rows.stream()
                .filter(row -> row.of(id) >= 0)
                .map(row -> new Point(row.time, row.of(id)))
                .toList();
    }

    int rows() {
        return rows.size();
    }
}
