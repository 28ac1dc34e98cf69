package io.catena.disk;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;

/** Until when to wait for the requests of a disk. */
record Deadline(Duration patience, long endNanos) {
    private static final long POLL_NANOS = 20_000;

    static Deadline in(Duration patience) {
        return new Deadline(patience, PauseClock.nanos() + patience.toNanos());
    }

    /**
     * Takes a lock, in its turn.
     *
     * @throws DiskBusyException if who holds it does not let go of it in time
     */
    void lock(Lock lock) throws DiskBusyException {
        try {
            if (!lock.tryLock(endNanos - PauseClock.nanos(), TimeUnit.NANOSECONDS)) {
                throw tooLate();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DiskBusyException("interrupted while waiting for the requests under way");
        }
    }

    /** Takes a lock as soon as it can be had, before all who wait for it; it must be held for moments only. */
    void lockFirst(Lock lock) throws DiskBusyException {
        while (!lock.tryLock()) {
            if (PauseClock.nanos() - endNanos > 0) {
                throw tooLate();
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    private DiskBusyException tooLate() {
        return new DiskBusyException("requests of the disk have been under way for more than " + patience.toMillis()
                + " ms; does its storage hang? Try again when they have ended");
    }
}
