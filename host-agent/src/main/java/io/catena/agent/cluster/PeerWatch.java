package io.catena.agent.cluster;

import io.catena.lease.FormerHosts;
import io.catena.lease.HostRecord;
import io.catena.lease.HostWatch;
import io.catena.lease.LeaseKeys;
import io.catena.lease.LeaseStore;
import io.catena.lease.LeaseTimes;
import io.catena.lease.Liveness;
import io.catena.log.LogLine;
import java.io.Closeable;
import java.io.IOException;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BinaryOperator;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Looks whether the hosts live that use an SR through this one. It has to look all the time: a host counts as dead when it was
 * seen silent for long enough.
 *
 * <p><b>Threads.</b> Safe for use by many threads; looks on one of its own until it is closed.
 */
public final class PeerWatch implements Closeable {
    private static final Logger LOG = Logger.getLogger(PeerWatch.class.getName());

    /** Of the notes of one host: that of its process now. */
    private static final BinaryOperator<Liveness> LIVELIEST =
            BinaryOperator.minBy(Comparator.comparing(Liveness::state).thenComparing(Liveness::silentNanos));

    /** A minute. */
    private static final int TURNS_BETWEEN = 30;

    private final String sr;
    private final LeaseStore store;
    private final HostWatch watch;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;
    private final Owner owner;
    private final FormerHosts former;

    /** Of the thread. */
    private int turns;

    /** By what a host is called among the hosts; replaced whole. */
    private volatile Map<String, Liveness> seen = Map.of();

    /** Those that were ended by force, as somebody said, and did not come back; replaced whole. */
    private volatile Set<String> fenced = Set.of();

    /** The host that has the SR, and asks. */
    public interface Owner {
        /** Returns what the hosts are called that have disks. */
        Set<String> users();

        /** Makes sure that it has the SR; throws if that is not certain. */
        void check() throws IOException;

        /** Acts on what was seen. */
        void afterLook();
    }

    PeerWatch(String sr, LeaseStore store, HostWatch watch, Owner owner) {
        this.sr = sr;
        this.store = store;
        this.watch = watch;
        this.owner = owner;
        former = new FormerHosts(store, watch);
        thread = new Thread(this::run, "peers of " + sr);
        thread.setDaemon(true);
    }

    PeerWatch start() {
        thread.start();
        return this;
    }

    private void run() {
        try {
            do {
                lookIfNeeded();
                removeFormerNowAndThen();
            } while (!closing.await(LeaseTimes.DEFAULT.renewNanos(), TimeUnit.NANOSECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void lookIfNeeded() {
        try {
            if (!owner.users().isEmpty()) {
                look();
                owner.afterLook();
            }
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.FINE, LogLine.of("peers-not-seen", "cause", String.valueOf(e.getMessage())));
        }
    }

    private void removeFormerNowAndThen() {
        try {
            if (turns++ % TURNS_BETWEEN == 0) {
                removeFormer();
            }
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.FINE, LogLine.of("former-hosts-kept", "cause", String.valueOf(e.getMessage())));
        }
    }

    /** Seldom done: it reads all notes. One that has lost the SR does not know who has disks. */
    void removeFormer() throws IOException {
        owner.check();
        Set<String> users = owner.users();
        int removed;
        try {
            removed = former.remove(host -> users.contains(HolderWatch.label(host.name(), host.host())));
        } catch (IOException e) {
            watch.missed();
            throw e;
        }
        if (removed > 0) {
            LOG.info(LogLine.of("former-hosts-removed", "sr", sr, "notes", removed));
        }
    }

    void look() throws IOException {
        Map<String, Liveness> now = new TreeMap<>();
        Set<String> ended = new HashSet<>();
        for (HostRecord record : notes()) {
            String label = HolderWatch.label(record.name(), record.host());
            now.merge(label, watch.look(record.holder()), LIVELIEST);
            if (watch.isFenced(record.holder())) {
                ended.add(label);
            }
        }
        ended.removeIf(label -> !Objects.requireNonNull(now.get(label)).isDead());
        seen = now;
        fenced = ended;
    }

    private Collection<HostRecord> notes() throws IOException {
        try {
            return HostRecord.all(store.notes(LeaseKeys.HOSTS)).values();
        } catch (IOException e) {
            watch.missed();
            throw e;
        }
    }

    /** Looks now, since what was seen last is some seconds old; if that fails, that counts. */
    public void refresh() {
        try {
            look();
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.FINE, LogLine.of("peers-not-seen", "cause", String.valueOf(e.getMessage())));
        }
    }

    /** Whether a host was ended by force, as somebody said, and did not come back. */
    public boolean isFenced(String label) {
        return fenced.contains(label);
    }

    /**
     * Returns what is known of a host.
     *
     * @param label what it is called among the hosts
     * @return empty if it has shown nothing: it may be of a version that does not, or have been detached
     */
    public Optional<Liveness> of(String label) {
        return Optional.ofNullable(seen.get(label));
    }

    /** Returns how long, in ns, it takes at least until a host counts as dead. */
    public long untilDeadNanos(Liveness liveness) {
        return watch.untilDeadNanos(liveness);
    }

    @Override
    public void close() {
        closing.countDown();
    }
}
