package io.catena.agent.cluster;

import io.catena.lease.Claim;
import io.catena.lease.HostRecord;
import io.catena.lease.LeaseKeys;
import io.catena.lease.LeaseStore;
import io.catena.lease.LeaseTimes;
import io.catena.lease.Session;
import io.catena.log.LogLine;
import java.io.Closeable;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Shows the other hosts of an SR that this one lives, although it does not have the SR: by one note, however many disks it uses.
 *
 * <p><b>Threads.</b> Renews on a thread of its own until it is closed.
 */
public final class Presence implements Closeable {
    private static final Logger LOG = Logger.getLogger(Presence.class.getName());
    private static final LeaseTimes TIMES = LeaseTimes.DEFAULT;
    private static final long PATIENCE_MILLIS = 5_000;

    private final LeaseStore store;
    private final ThisHost self;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;

    /** Of the thread, until that has ended. */
    private @Nullable Session session;

    Presence(String sr, LeaseStore store, ThisHost self) {
        this.store = store;
        this.self = self;
        thread = new Thread(this::run, "presence in " + sr);
        thread.setDaemon(true);
    }

    Presence start() {
        thread.start();
        return this;
    }

    private void run() {
        try {
            do {
                tick();
            } while (!closing.await(TIMES.renewNanos(), TimeUnit.NANOSECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void tick() {
        try {
            renew();
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.FINE, LogLine.of("presence-late", "cause", String.valueOf(e.getMessage())));
        }
    }

    /** A note that was not renewed in time is never renewed, nor one of who is said to be ended: others may have acted on that. */
    void renew() throws IOException {
        Session now = session;
        if (now != null && store.note(now.holder().fencedNote()).isEmpty() && now.renew()) {
            return;
        }
        if (now == null) {
            removeFormer();
        } else {
            now.close();
        }
        session = Session.join(store, TIMES, self.clock(), self.newRecord());
    }

    /** What former processes of this host left; but not the note of an owner, which others may be looking at. */
    private void removeFormer() throws IOException {
        Claim claim = Claim.decode(store.read(LeaseKeys.TREE));
        Map<String, String> own = store.notes(LeaseKeys.HOSTS + self.id() + "/");
        for (HostRecord former : HostRecord.all(own).values()) {
            if (!claim.isOf(former.holder())) {
                store.removeNote(former.key());
            }
        }
    }

    /** Ends it without a word: this host is to count as dead when it is not back in time. */
    public void abandon() {
        closing.countDown();
        try {
            thread.join(PATIENCE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends it, and removes the note: this host uses nothing of the SR in this way any more. */
    @Override
    public void close() throws IOException {
        abandon();
        Session last = session;
        if (last != null && !thread.isAlive()) {
            last.close();
        }
    }
}
