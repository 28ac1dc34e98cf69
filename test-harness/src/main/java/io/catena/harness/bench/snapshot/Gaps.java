package io.catena.harness.bench.snapshot;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** Times in microseconds. */
final class Gaps {
    private final List<Long> micros = new ArrayList<>();

    void add(long value) {
        micros.add(value);
    }

    /** Returns the value that {@code percent} of all do not exceed. */
    long percentile(double percent) {
        List<Long> sorted = new ArrayList<>(micros);
        Collections.sort(sorted);
        int index = (int) Math.ceil(percent / 100 * sorted.size()) - 1;
        return sorted.get(Math.max(0, index));
    }

    String text() {
        return String.format(Locale.ROOT, "%9d %9d %9d", percentile(50), percentile(99), percentile(100));
    }
}
