package io.catena.sr.job;

/**
 * Numbers for jobs, each given once.
 *
 * <p><b>Threads.</b> For one thread at a time.
 */
public interface JobIds {
    /** Returns a number that is larger than all before. */
    long next();

    /** From now on gives larger numbers than {@code id} only. */
    void skipTo(long id);

    /** Returns numbers that begin with 1, and are forgotten with the process. */
    static JobIds counting() {
        return new JobIds() {
            private long last;

            @Override
            public long next() {
                return ++last;
            }

            @Override
            public void skipTo(long id) {
                last = Math.max(last, id);
            }
        };
    }
}
