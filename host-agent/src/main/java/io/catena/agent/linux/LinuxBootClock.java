package io.catena.agent.linux;

import com.sun.jna.Memory;
import io.catena.lease.BootClock;
import java.io.InterruptedIOException;
import java.util.concurrent.TimeUnit;

/** CLOCK_BOOTTIME. */
public final class LinuxBootClock implements BootClock {
    private static final int CLOCK_BOOTTIME = 7;
    private static final int TIMESPEC_BYTES = 16;
    private static final ThreadLocal<Memory> TIMESPEC = ThreadLocal.withInitial(() -> new Memory(TIMESPEC_BYTES));

    @Override
    public long nanos() {
        Memory now = TIMESPEC.get();
        Libc.clock_gettime(CLOCK_BOOTTIME, now);
        return TimeUnit.SECONDS.toNanos(now.getLong(0)) + now.getLong(Long.BYTES);
    }

    @Override
    public void sleep(long nanos) throws InterruptedIOException {
        long until = nanos() + nanos;
        try {
            for (long left = nanos; left > 0; left = until - nanos()) {
                TimeUnit.NANOSECONDS.sleep(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for another host");
        }
    }
}
