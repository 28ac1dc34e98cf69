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

    /** The same job, done by two. */
    record Pair(Timing ours, Timing peer) {}

    /** Runs {@code prepare} and {@code work} in turn, and measures the latter. */
    static Timing of(Work prepare, Work work) throws IOException {
        double[] seconds = new double[RUNS];
        for (int i = 0; i < RUNS; i++) {
            seconds[i] = seconds(prepare, work);
        }
        return of(seconds);
    }

    /** Measures two in turn, run by run, so that what else the machine does falls on both. */
    static Pair inTurn(Work prepareOurs, Work ours, Work preparePeer, Work peer) throws IOException {
        double[] seconds = new double[RUNS];
        double[] peerSeconds = new double[RUNS];
        for (int i = 0; i < RUNS; i++) {
            seconds[i] = seconds(prepareOurs, ours);
            peerSeconds[i] = seconds(preparePeer, peer);
        }
        return new Pair(of(seconds), of(peerSeconds));
    }

    private static double seconds(Work prepare, Work work) throws IOException {
        prepare.run();
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) / 1e9;
    }

    private static Timing of(double[] seconds) {
        Arrays.sort(seconds);
        return new Timing(seconds[RUNS / 2], seconds[0], seconds[RUNS - 1]);
    }
}
