package io.catena.harness.bench.nbd;

/** The state of the disk that a shape works on. */
enum Ground {
    /** All of the hot range is present; in a chain, spread over all of its files. */
    SPREAD(false),

    /** All of the hot range is present in the file that writes go to. */
    PRESENT(false),

    /** What is written was never written before, in no file of the chain. */
    EMPTY(true),

    /** What is written is present in a parent and not in the file that writes go to. */
    OVER_PARENT(true);

    private final boolean usedUp;

    Ground(boolean usedUp) {
        this.usedUp = usedUp;
    }

    /** Whether it is another ground after a run, so that each run needs a new disk. */
    boolean isUsedUp() {
        return usedUp;
    }
}
