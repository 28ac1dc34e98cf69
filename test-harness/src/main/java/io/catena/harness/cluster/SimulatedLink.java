package io.catena.harness.cluster;

import io.catena.lease.BootClock;
import java.io.IOException;
import java.util.Random;

/**
 * A host's processor, clock and network. The link can be cut: what was sent waits, as a hard mount does, and arrives when it
 * is healed. The processes can be stopped between any two instructions that matter: before and after each request.
 */
final class SimulatedLink implements BootClock {
    private static final int MAX_DELAY_MILLIS = 20;
    private static final int STOPS_ONE_IN = 400;
    private static final int MAX_STOP_MILLIS = 40_000;
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long KEEP_ALIVE_MILLIS = 3_000;
    private static final long LOOK_MILLIS = 10;

    private final VirtualTime time;
    private final Random random;
    private final SharedServer server;
    private final double rate;
    private long stoppedUntilMillis;
    private long cutUntilMillis;
    private int session;
    private boolean paused;

    /** For how long the host's clock has stood still, and since when it does. */
    private long missedMillis;

    private long pausedSinceMillis;

    SimulatedLink(VirtualTime time, SharedServer server, Random random, double drift) {
        this.time = time;
        this.server = server;
        this.random = random;
        this.rate = 1 + drift * (2 * random.nextDouble() - 1);
        this.session = server.newSession();
        keepAlive();
    }

    /** The kernel does this, also while processes are stopped. */
    private void keepAlive() {
        if (!paused && cutUntilMillis <= time.nowMillis() && !server.hear(session)) {
            session = server.newSession();
        }
        time.at(time.nowMillis() + KEEP_ALIVE_MILLIS, this::keepAlive);
    }

    /** Returns the kernel's present session with the file server. */
    int session() {
        return session;
    }

    boolean isCut() {
        return cutUntilMillis > time.nowMillis();
    }

    /** Lets the kernel send something that nobody waits for. */
    void whenReachable(Runnable request) {
        if (isCut()) {
            time.at(cutUntilMillis, () -> whenReachable(request));
        } else {
            request.run();
        }
    }

    void cut(long millis) {
        cutUntilMillis = Math.max(cutUntilMillis, time.nowMillis() + millis);
    }

    void stop(long millis) {
        stoppedUntilMillis = Math.max(stoppedUntilMillis, time.nowMillis() + millis);
    }

    /** The whole host stands still with its clock, as a virtual machine that is paused, until {@link #wake}. */
    void pause() {
        paused = true;
        pausedSinceMillis = time.nowMillis();
    }

    void wake() {
        missedMillis += time.nowMillis() - pausedSinceMillis;
        paused = false;
    }

    @Override
    public long nanos() {
        long missed = missedMillis + (paused ? time.nowMillis() - pausedSinceMillis : 0);
        return (long) ((time.nowMillis() - missed) * rate * NANOS_PER_MILLI);
    }

    @Override
    public void sleep(long nanos) {
        time.sleep(Math.max(1, (long) (nanos / rate / NANOS_PER_MILLI)));
        awaitProcessor();
    }

    /** Returns when the process runs. */
    void awaitProcessor() {
        while (paused || stoppedUntilMillis > time.nowMillis()) {
            time.waitUntil(paused ? time.nowMillis() + LOOK_MILLIS : stoppedUntilMillis);
        }
    }

    /** What the server does for a request. */
    interface Request<T> {
        T execute() throws IOException;
    }

    /** Sends a request, lets the server execute it when it arrives, and returns its answer. */
    <T> T call(Request<T> request) throws IOException {
        if (random.nextInt(STOPS_ONE_IN) == 0) {
            stop(random.nextInt(MAX_STOP_MILLIS));
        }
        awaitProcessor();
        travel();
        try {
            return request.execute();
        } finally {
            travel();
            awaitProcessor();
        }
    }

    private void travel() {
        time.sleep(1 + random.nextInt(MAX_DELAY_MILLIS));
        while (isCut()) {
            time.waitUntil(cutUntilMillis + random.nextInt(MAX_DELAY_MILLIS));
        }
    }
}
