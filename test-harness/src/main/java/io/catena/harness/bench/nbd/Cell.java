package io.catena.harness.bench.nbd;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** What one contestant did in one shape, round by round. */
final class Cell {
    private final Shape shape;
    private final String contestant;
    private final List<Sample> samples = new ArrayList<>();

    Cell(Shape shape, String contestant) {
        this.shape = shape;
        this.contestant = contestant;
    }

    Shape shape() {
        return shape;
    }

    String contestant() {
        return contestant;
    }

    void add(Sample sample) {
        samples.add(sample);
    }

    double median(ToDoubleFunction<Sample> what) {
        return median(samples.stream().mapToDouble(what).toArray());
    }

    double min(ToDoubleFunction<Sample> what) {
        return samples.stream().mapToDouble(what).min().orElse(0);
    }

    double max(ToDoubleFunction<Sample> what) {
        return samples.stream().mapToDouble(what).max().orElse(0);
    }

    /** How many times faster it was than {@code other}: the median of what each round says, whose runs saw the same load. */
    double ratioTo(Cell other) {
        return median(IntStream.range(0, samples.size())
                .mapToDouble(round ->
                        samples.get(round).iops() / other.samples.get(round).iops())
                .toArray());
    }

    /** How many times less processor time a request cost its server: what counts where others use the processors too. */
    double thriftTo(Cell other) {
        return median(IntStream.range(0, samples.size())
                .mapToDouble(round -> other.samples.get(round).cpuMicros()
                        / samples.get(round).cpuMicros())
                .toArray());
    }

    private static double median(double[] values) {
        double[] sorted = IntStream.range(0, values.length)
                .mapToDouble(i -> values[i])
                .sorted()
                .toArray();
        return sorted[sorted.length / 2];
    }
}
