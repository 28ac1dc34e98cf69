package io.catena.store;

/** Courtesy among threads that share few processors. */
public final class Scheduling {
    private Scheduling() {}

    /**
     * Lets threads that wait for a processor, those of guests among them, go first. To be called between the steps of a change.
     *
     * <p>A change waits for its disk again and again, and lets others run by that; but not on a file system in memory: there the
     * slowest answers under a snapshot took up to 4 ms longer without this, a tick of the system's clock.
     */
    @SuppressWarnings("ThreadPriorityCheck") // A courtesy only: nothing relies on what the scheduler makes of it.
    public static void letOthersRun() {
        Thread.yield();
    }
}
