package io.catena.agent.cluster;

import io.catena.lease.BootClock;
import io.catena.lease.LeaseTimes;
import io.catena.lease.Session;
import java.io.IOException;
import java.io.InterruptedIOException;

/** A clock by which one sleeps without losing one's session. */
final class RenewingClock implements BootClock {
    private final BootClock clock;
    private final Session session;

    RenewingClock(BootClock clock, Session session) {
        this.clock = clock;
        this.session = session;
    }

    @Override
    public long nanos() {
        return clock.nanos();
    }

    @Override
    public void sleep(long nanos) throws InterruptedIOException {
        long until = nanos() + nanos;
        for (long left = nanos; left > 0; left = until - nanos()) {
            clock.sleep(Math.min(left, LeaseTimes.DEFAULT.renewNanos()));
            try {
                session.renew();
            } catch (InterruptedIOException e) {
                throw e;
            } catch (IOException e) {
                // Tried again in a while; who sleeps looks afterwards whether the session is valid.
            }
        }
    }
}
