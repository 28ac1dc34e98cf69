package io.catena.harness.bench.merge;

import java.util.Arrays;

/** How long requests of one kind took, in nanoseconds. For one thread. */
final class Latencies {
    private long[] nanos = new long[1 << 12];
    private int count;

    void add(long tookNanos) {
        if (count == nanos.length) {
            nanos = Arrays.copyOf(nanos, 2 * count);
        }
        nanos[count++] = tookNanos;
    }

    int count() {
        return count;
    }

    /** Returns in microseconds what {@code part} of all requests did not exceed. */
    double micros(double part) {
        long[] sorted = Arrays.copyOf(nanos, count);
        Arrays.sort(sorted);
        return count == 0 ? 0 : sorted[(int) Math.min(count - 1.0, part * count)] / 1e3;
    }
}
