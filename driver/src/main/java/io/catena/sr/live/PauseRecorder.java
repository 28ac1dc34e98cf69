package io.catena.sr.live;

import io.catena.api.PauseHistogram;
import io.catena.disk.PauseMeter;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.LongStream;

/** Counts the times in which requests of an SR's disks were held back. */
final class PauseRecorder implements PauseMeter {
    private static final List<Long> BOUNDS_MICROS =
            List.of(10L, 50L, 100L, 500L, 1_000L, 2_000L, 5_000L, 10_000L, 50_000L, 100_000L, 500_000L, 1_000_000L);

    private final AtomicLongArray counts = new AtomicLongArray(BOUNDS_MICROS.size() + 1);
    private final AtomicLong totalNanos = new AtomicLong();
    private final AtomicLong longestNanos = new AtomicLong();

    @Override
    public void paused(long nanos) {
        int index = 0;
        while (index < BOUNDS_MICROS.size() && nanos > BOUNDS_MICROS.get(index) * 1000) {
            index++;
        }
        counts.incrementAndGet(index);
        totalNanos.addAndGet(nanos);
        longestNanos.accumulateAndGet(nanos, Math::max);
    }

    PauseHistogram histogram() {
        List<Long> perClass = LongStream.range(0, counts.length())
                .map(i -> counts.get((int) i))
                .boxed()
                .toList();
        return new PauseHistogram(BOUNDS_MICROS, perClass, totalNanos.get() / 1000, longestNanos.get() / 1000);
    }
}
