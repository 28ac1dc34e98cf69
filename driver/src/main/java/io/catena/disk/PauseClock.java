package io.catena.disk;

/**
 * Tells how long requests were held back, and for how long they can be. What is done never depends on it, but that it is given
 * up; so a simulated run can be repeated all the same.
 */
public final class PauseClock {
    private PauseClock() {}

    /** Returns nanoseconds since some moment. */
    public static long nanos() {
        return System.nanoTime();
    }
}
