package io.catena.harness.bench;

import java.io.IOException;
import java.util.Arrays;

/** The median of several runs, and how far they spread, in seconds. */
record Timing(double median, double min, double max) {
    static final int RUNS = 5;

    /** Something to be measured. */
    @FunctionalInterface
    interface Work {
        void run() throws IOException;
    }

    /** Runs {@code prepare} and {@code work} in turn, and measures the latter. */
    static Timing of(Work prepare, Work work) throws IOException {
        double[] seconds = new double[RUNS];
        for (int i = 0; i < RUNS; i++) {
            prepare.run();
            long start = System.nanoTime();
            work.run();
            seconds[i] = (System.nanoTime() - start) / 1e9;
        }
        Arrays.sort(seconds);
        return new Timing(seconds[RUNS / 2], seconds[0], seconds[RUNS - 1]);
    }
}
