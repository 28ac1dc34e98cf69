package io.catena.agent.follow;

import io.catena.agent.cluster.HolderWatch;
import io.catena.agent.cluster.HolderWatch.Seen;
import io.catena.agent.cluster.Presence;
import io.catena.api.SrException;
import io.catena.log.LogLine;
import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Keeps an SR followed: one thread looks who has it, another whether that host answers, a third connects the disks again, or takes
 * the SR when nobody has it. The first two wait for nothing that the third does, so that they can end what that waits for; and the
 * first not for a host that is silent.
 */
final class Following implements Closeable {
    private static final Logger LOG = Logger.getLogger(Following.class.getName());
    private static final long LOOK_MILLIS = 1000;
    private static final long PATIENCE_MILLIS = 10_000;

    /** So many looks in a row without an answer are a loss. */
    private static final int MOST_UNANSWERED = 2;

    private final String sr;
    private final HolderWatch watch;
    private final HolderCalls calls;
    private final FollowedDisks disks;
    private final LocalService service;
    private final Taking taking;
    private final Semaphore work;
    private final Presence presence;
    private final Thread looker;
    private final Thread asker;
    private final Thread mender;
    private volatile boolean ended;
    private volatile boolean isFree;

    /** Of the thread that asks. */
    private int unanswered;

    /** The incarnation of the host that answered last; of the thread that asks. */
    private String answered = "";

    /** Takes the SR for this host. */
    @FunctionalInterface
    interface Taking {
        /** Returns whether it is this host's now. */
        boolean take() throws IOException;
    }

    /**
     * @param work released when there is something to mend
     * @param presence shows that this host lives, as long as it follows
     */
    Following(
            String sr,
            HolderWatch watch,
            HolderCalls calls,
            FollowedDisks disks,
            LocalService service,
            Taking taking,
            Semaphore work,
            Presence presence) {
        this.sr = sr;
        this.watch = watch;
        this.calls = calls;
        this.disks = disks;
        this.service = service;
        this.taking = taking;
        this.work = work;
        this.presence = presence;
        looker = new Thread(() -> always(this::look), "follower-look of " + sr);
        asker = new Thread(() -> always(this::ask), "follower-ask of " + sr);
        mender = new Thread(this::mendAlways, "follower of " + sr);
        looker.setDaemon(true);
        asker.setDaemon(true);
        mender.setDaemon(true);
    }

    void start() {
        looker.start();
        asker.start();
        mender.start();
    }

    /** What is done every second. */
    private interface Turn {
        void run() throws IOException;
    }

    private void always(Turn turn) {
        while (!ended) {
            try {
                turn.run();
            } catch (IOException | RuntimeException e) {
                LOG.log(
                        Level.WARNING,
                        LogLine.of("follower-look-failed", "sr", sr, "cause", String.valueOf(e.getMessage())));
            }
            sleep();
        }
    }

    private void sleep() {
        try {
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            ended = true;
        }
    }

    private void look() throws IOException {
        Optional<Seen> seen = watch.look();
        boolean free = seen.isEmpty() || seen.get().dead() || seen.get().host().equals(watch.selfId());
        if (!free) {
            calls.follow(seen.get());
        }
        isFree = free;
        if (free) {
            service.suspectLoss();
            work.release();
        }
    }

    /** What a host answers counts only if it is the one that has the SR by the record. */
    private void ask() {
        Seen holder = calls.holder();
        if (isFree) {
            return;
        }
        Optional<Pool.Claims> claims = claims(holder);
        if (claims.isEmpty() && unanswered >= MOST_UNANSWERED) {
            service.suspectLoss();
        }
        if (claims.isPresent() && (!holder.incarnation().equals(answered) || isWrong(claims.get()))) {
            answered = holder.incarnation();
            work.release();
        }
    }

    private boolean isWrong(Pool.Claims claims) {
        return !service.areAllServed() || disks.areTooMany(claims);
    }

    private Optional<Pool.Claims> claims(Seen holder) {
        try {
            Pool.Claims claims = calls.claims();
            unanswered = 0;
            return Optional.of(claims);
        } catch (SrException e) {
            unanswered++;
            if (unanswered == MOST_UNANSWERED) {
                LOG.warning(LogLine.of(
                        "holder-silent", "sr", sr, "holder", holder.name(), "cause", String.valueOf(e.getMessage())));
            }
            return Optional.empty();
        }
    }

    private void mendAlways() {
        try {
            while (!ended) {
                boolean unused = work.tryAcquire(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
                work.drainPermits();
                if (!ended) {
                    mend();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void mend() {
        try {
            if (!isFree) {
                disks.reconnect();
            } else if (taking.take()) {
                ended = true;
                presence.close();
            }
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.WARNING, LogLine.of("follower-waits", "sr", sr, "cause", String.valueOf(e.getMessage())));
        }
    }

    /** Returns when no thread does anything any more; from a thread of its own, when it has ended itself. */
    @Override
    public void close() throws IOException {
        ended = true;
        work.release();
        if (disks.holds().isEmpty()) {
            presence.close();
        } else {
            presence.abandon();
        }
        try {
            looker.join(PATIENCE_MILLIS);
            asker.join(PATIENCE_MILLIS);
            if (Thread.currentThread() != mender) {
                mender.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
