package io.catena.api;

import java.util.List;

/**
 * For how long requests of an SR's active disks were held back, since the SR was attached: by snapshots, and by other changes of
 * their chains. Each time counts once per disk.
 *
 * @param boundsMicros upper bounds of the classes in microseconds, ascending; the last class has none
 * @param counts how many times are in each class, one more than there are bounds; not cumulative
 * @param totalMicros their sum
 * @param longestMicros the longest of them
 */
public record PauseHistogram(List<Long> boundsMicros, List<Long> counts, long totalMicros, long longestMicros) {
    public PauseHistogram {
        boundsMicros = List.copyOf(boundsMicros);
        counts = List.copyOf(counts);
    }

    /** No disk was ever held back. */
    public static PauseHistogram empty() {
        return new PauseHistogram(List.of(), List.of(0L), 0, 0);
    }
}
