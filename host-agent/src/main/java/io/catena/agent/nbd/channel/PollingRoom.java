package io.catena.agent.nbd.channel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Says whether a thread may keep a processor busy with waiting: half of the processors at most are, and none while something
 * waits for a processor.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class PollingRoom {
    /** How long the last look at the machine is believed. */
    private static final long LOOK_NANOS = Duration.ofMillis(10).toNanos();

    /**
     * The longest time that nobody polls on a machine that was found busy. It is reached by doubling: what runs for a moment, a
     * compiler's thread or one of the kernel's, must not cost a client as much as a machine that stays busy would.
     */
    private static final long MOST_BUSY_NANOS = Duration.ofMillis(200).toNanos();

    private static final Path LOAD = Path.of("/proc/loadavg");
    private static final Pattern RUNNABLE = Pattern.compile(" ([0-9]{1,9})/");

    private final Duration longestPoll;
    private final int places;
    private final BooleanSupplier crowded;
    private final LongSupplier nanoTime;
    private final AtomicInteger taken = new AtomicInteger();

    /** By the clock; until then the last look holds. */
    private final AtomicLong nextLookNanos;

    private volatile boolean wasCrowded;

    /** Until the next look after one that found the machine busy; written by whoever looks. */
    private volatile long busyNanos = LOOK_NANOS;

    /**
     * @param longestPoll how long one wait may keep a processor busy; zero for no polling at all
     * @param processors how many there are
     * @param crowded whether more threads than processors want to run
     * @param nanoTime as {@link System#nanoTime}
     */
    PollingRoom(Duration longestPoll, int processors, BooleanSupplier crowded, LongSupplier nanoTime) {
        this.longestPoll = longestPoll;
        this.places = longestPoll.isZero() ? 0 : processors / 2;
        this.crowded = crowded;
        this.nanoTime = nanoTime;
        this.nextLookNanos = new AtomicLong(nanoTime.getAsLong());
    }

    /** The room on this machine. */
    public static PollingRoom ofMachine(Duration longestPoll) {
        int processors = Runtime.getRuntime().availableProcessors();
        return new PollingRoom(longestPoll, processors, () -> runnableThreads() > processors, System::nanoTime);
    }

    Duration longestPoll() {
        return longestPoll;
    }

    /** Takes a place, to be given back by {@link #leave} within {@link #longestPoll}; false if there is none. */
    boolean enter() {
        if (places == 0 || isCrowded()) {
            return false;
        }
        if (taken.incrementAndGet() <= places) {
            return true;
        }
        taken.decrementAndGet();
        return false;
    }

    void leave() {
        taken.decrementAndGet();
    }

    private boolean isCrowded() {
        long now = nanoTime.getAsLong();
        long due = nextLookNanos.get();
        if (now - due >= 0 && nextLookNanos.compareAndSet(due, now + LOOK_NANOS)) {
            look(now);
        }
        return wasCrowded;
    }

    private void look(long now) {
        boolean found = crowded.getAsBoolean();
        wasCrowded = found;
        long pause = busyNanos;
        if (found) {
            nextLookNanos.set(now + pause);
        }
        busyNanos = found ? Math.min(2 * pause, MOST_BUSY_NANOS) : LOOK_NANOS;
    }

    /** Returns how many threads of the machine run or wait for a processor; a large number if it does not say. */
    static int runnableThreads() {
        try {
            return runnableThreads(Files.readString(LOAD));
        } catch (IOException e) {
            return Integer.MAX_VALUE;
        }
    }

    /** Source: {@code proc(5)}, the fourth field of {@code /proc/loadavg}, as in {@code 0.20 0.18 0.12 1/80 11206}. */
    static int runnableThreads(String loadAverage) {
        Matcher threads = RUNNABLE.matcher(loadAverage);
        return threads.find() ? Integer.parseInt(threads.group(1)) : Integer.MAX_VALUE;
    }
}
