package io.catena.sr.job;

import io.catena.disk.Exporter;
import io.catena.store.Storage;
import java.time.Clock;
import java.util.UUID;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * What an SR needs of the process it lives in.
 *
 * @param redo storage that survives the process but not the host (tmpfs), for redo logs
 * @param bootId changes with every start of the host
 * @param nanoTime a clock for measuring, as {@link System#nanoTime}
 * @param uuids where new identities come from
 * @param timer starts what is to be done without being asked
 * @param looks ask the disk for those who look
 */
public record Environment(
        Storage redo,
        UUID bootId,
        Exporter exporter,
        Jobs jobs,
        Clock clock,
        LongSupplier nanoTime,
        Supplier<UUID> uuids,
        Timer timer,
        Looks looks) {
    /** Each waits for syncs, which disks and file systems do together. */
    private static final int FILES_AT_ONCE = 16;

    /** An environment in which looks wait for the disk. */
    public Environment(
            Storage redo,
            UUID bootId,
            Exporter exporter,
            Jobs jobs,
            Clock clock,
            LongSupplier nanoTime,
            Supplier<UUID> uuids,
            Timer timer) {
        this(redo, bootId, exporter, jobs, clock, nanoTime, uuids, timer, Looks.INLINE);
    }

    /** Returns how many files may be worked on at once; one on simulated disks, whose calls have an order. */
    public int filesAtOnce() {
        return looks == Looks.INLINE ? 1 : FILES_AT_ONCE;
    }

    /** Returns this with another exporter. */
    public Environment with(Exporter other) {
        return new Environment(redo, bootId, other, jobs, clock, nanoTime, uuids, timer, looks);
    }

    /** An environment in which nothing is done without being asked. */
    public Environment(
            Storage redo,
            UUID bootId,
            Exporter exporter,
            Jobs jobs,
            Clock clock,
            LongSupplier nanoTime,
            Supplier<UUID> uuids) {
        this(redo, bootId, exporter, jobs, clock, nanoTime, uuids, Timer.NEVER, Looks.INLINE);
    }
}
