package io.catena.agent.follow;

import io.catena.agent.cluster.HolderWatch;
import io.catena.agent.cluster.HolderWatch.Seen;
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
 * Keeps an SR followed: one thread looks who has it and whether that host answers, another connects the disks again, or takes the
 * SR when nobody has it. The first waits for nothing that the second does, so that it can end what the second waits for.
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
    private final Taking taking;
    private final Semaphore work;
    private final Thread looker;
    private final Thread mender;
    private volatile boolean ended;
    private volatile boolean isFree;
    private int unanswered;

    /** Takes the SR for this host. */
    @FunctionalInterface
    interface Taking {
        /** Returns whether it is this host's now. */
        boolean take() throws IOException;
    }

    /**
     * @param work released when there is something to mend
     */
    Following(String sr, HolderWatch watch, HolderCalls calls, FollowedDisks disks, Taking taking, Semaphore work) {
        this.sr = sr;
        this.watch = watch;
        this.calls = calls;
        this.disks = disks;
        this.taking = taking;
        this.work = work;
        looker = new Thread(this::lookAlways, "follower-look of " + sr);
        mender = new Thread(this::mendAlways, "follower of " + sr);
        looker.setDaemon(true);
        mender.setDaemon(true);
    }

    void start() {
        looker.start();
        mender.start();
    }

    private void lookAlways() {
        while (!ended) {
            try {
                look();
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

    /** Looks at the record first: what the host answers counts only if it is the one that has the SR. */
    private void look() throws IOException {
        Optional<Seen> seen = watch.look();
        isFree = seen.isEmpty() || seen.get().dead() || seen.get().host().equals(watch.selfId());
        if (isFree) {
            disks.suspectLoss();
            work.release();
            return;
        }
        Seen before = calls.holder();
        calls.follow(seen.get());
        boolean isOther = !before.incarnation().equals(seen.get().incarnation());
        boolean answers = answers(seen.get());
        if (!answers && unanswered >= MOST_UNANSWERED) {
            disks.suspectLoss();
        }
        if (answers && (isOther || !disks.areAllServed())) {
            work.release();
        }
    }

    private boolean answers(Seen holder) {
        try {
            Pool.Claims unused = calls.claims();
            unanswered = 0;
            return true;
        } catch (SrException e) {
            unanswered++;
            if (unanswered == MOST_UNANSWERED) {
                LOG.warning(LogLine.of(
                        "holder-silent", "sr", sr, "holder", holder.name(), "cause", String.valueOf(e.getMessage())));
            }
            return false;
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
            }
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.WARNING, LogLine.of("follower-waits", "sr", sr, "cause", String.valueOf(e.getMessage())));
        }
    }

    /** Returns when neither thread does anything any more; from a thread of its own, when it has ended itself. */
    @Override
    public void close() throws IOException {
        ended = true;
        work.release();
        try {
            looker.join(PATIENCE_MILLIS);
            if (Thread.currentThread() != mender) {
                mender.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
