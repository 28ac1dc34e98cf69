package io.catena.agent.follow;

import io.catena.agent.cluster.HolderWatch;
import io.catena.agent.cluster.HolderWatch.Seen;
import io.catena.agent.cluster.SharedSr;
import io.catena.agent.follow.keep.KeptShare;
import io.catena.agent.host.AttachedSr;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Hold;
import io.catena.api.JobIntents;
import io.catena.api.Sr;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageRepository;
import io.catena.api.VdiId;
import io.catena.disk.Exporter;
import io.catena.log.LogLine;
import io.catena.sr.job.Jobs;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * An SR that several hosts have attached: this one has it, or follows the one that has it and takes it when that one is dead or
 * lets go of it.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class PoolSr implements AttachedSr {
    private static final Logger LOG = Logger.getLogger(PoolSr.class.getName());
    private static final KeptShare MEMORY = KeptShare.ofProcess();

    /** How often an SR is tried to be taken whose owner was lost while this host was about to follow it. */
    private static final int TRIES = 3;

    private final Sr sr;
    private final Pool pool;
    private final Opening opening;
    private final String stateId;
    private final JobIntents noIntents;

    /** What this host has; null while it follows. */
    private volatile @Nullable Holding holding;

    /** Null if it has never followed. */
    private @Nullable FollowedDisks disks;

    private @Nullable FollowerRepository followed;
    private @Nullable Following following;
    private boolean closed;

    /** Opens an SR that this host has taken. */
    @FunctionalInterface
    public interface Opening {
        /**
         * Opens it.
         *
         * @param exporter serves its disks; null for as usual
         */
        AttachedSr open(SharedSr right, @Nullable Exporter exporter) throws IOException;
    }

    /**
     * What an SR needs of the agent.
     *
     * @param storage the SR's directory
     * @param exporter serves disks to guests of this host
     * @param stateId tells what this agent has saved from what others have
     */
    public record Means(Pool pool, Storage storage, Exporter exporter, Jobs jobs, String stateId, Opening opening) {}

    private PoolSr(Sr sr, Means means) {
        this.sr = sr;
        pool = means.pool;
        opening = means.opening;
        stateId = means.stateId;
        noIntents = JobIntents.NONE;
    }

    /**
     * Takes an SR, or follows the host that has it.
     *
     * @param sr as it is called here
     * @throws SrException if another host has it that cannot be followed
     */
    public static PoolSr attach(Sr sr, HolderWatch watch, Means means) throws IOException {
        PoolSr attached = new PoolSr(sr, means);
        int tries = 1;
        while (!attached.takeOrFollow(watch, means, tries == TRIES)) {
            tries++;
        }
        return attached;
    }

    /** Returns false if this is not the last try, and the host is gone that had the SR. */
    private boolean takeOrFollow(HolderWatch watch, Means means, boolean isLast) throws IOException {
        SharedSr right;
        try {
            right = watch.take();
        } catch (SrException e) {
            Seen holder = watch.look().orElse(null);
            if (e.error() != SrError.SR_IN_USE || holder == null) {
                throw e;
            }
            boolean follows = follow(watch, holder, means, e);
            if (!follows && isLast) {
                throw e;
            }
            return follows;
        }
        begin(opening.open(right, null), right, watch);
        return true;
    }

    /** What guests of this host have is restored by who knows which of them are there still. */
    private void begin(AttachedSr opened, SharedSr right, HolderWatch watch) throws IOException {
        boolean done = false;
        try {
            Holding next = holding(opened, right, watch);
            next.restoreFollowers(watch.selfLabel());
            become(next);
            done = true;
        } finally {
            if (!done) {
                opened.close();
            }
        }
    }

    /** Returns false if no host that lives has the SR any more, so that it can be taken. */
    private boolean follow(HolderWatch watch, Seen holder, Means means, SrException refusal) throws IOException {
        PeerOptions options = pool.options().orElseThrow(() -> refusal);
        if (holder.url().isEmpty()) {
            throw refusal.correction(
                    "Its agent tells other hosts no address: start it with --cluster-url, or detach the SR"
                            + " there first.");
        }
        if (!holder.misunderstanding().isEmpty()) {
            throw refusal.correction("It cannot be followed: " + holder.misunderstanding()
                    + ". Until then have the SR on one host at a time.");
        }
        SSLContext tls = options.tls();
        String self = watch.selfLabel();
        Semaphore work = new Semaphore(0);
        HolderCalls calls = new HolderCalls(sr.id(), sr.name(), new PeerClient(tls, self), holder);
        HolderDisks remote = new HolderDisks(calls, watch, tls, self);
        LocalService service = new LocalService(remote, means.exporter, MEMORY, work::release);
        FollowedDisks here = new FollowedDisks(remote, service, means.exporter);
        Exporter taken = new TakenDisks(here, service, means.exporter);
        if (watch.firstAnswer(() -> claims(watch, calls)).isEmpty()) {
            return false;
        }
        disks = here;
        followed = new FollowerRepository(sr, calls, here, means.jobs, self);
        following = new Following(
                sr.path(), watch, calls, here, service, () -> take(watch, here, taken, self), work, watch.show());
        following.start();
        Seen found = calls.holder();
        LOG.info(LogLine.of(
                "sr-followed",
                "sr",
                sr.id(),
                "holder",
                found.name(),
                "url",
                found.url(),
                "protocol",
                found.protocol()));
        return true;
    }

    /** Asks whoever has the SR now; empty if that is nobody who lives. */
    private static Optional<Pool.Claims> claims(HolderWatch watch, HolderCalls calls) throws IOException {
        Optional<Seen> now = watch.look().filter(seen -> !seen.dead());
        now.ifPresent(calls::follow);
        return now.map(seen -> calls.firstClaims());
    }

    /**
     * Takes the SR for this host.
     *
     * <ol>
     *   <li>Nobody attaches or detaches here meanwhile.
     *   <li>Take it, fence it, recover it.
     *   <li>See what holders of this host have; what was taken from them fails.
     *   <li>What followers have is theirs again, before anybody else can ask for it.
     *   <li>Disks that guests of this host have are opened. The changes that these guests had an answer for, and that may be
     *       lost, are made again; then their requests go on.
     *   <li>From now on operations are done here, and other followers are served.
     * </ol>
     */
    private boolean take(HolderWatch watch, FollowedDisks here, Exporter taken, String self) throws IOException {
        return here.alone(() -> {
            if (closed) {
                return true;
            }
            SharedSr right = watch.take();
            AttachedSr opened = opening.open(right, taken);
            boolean done = false;
            try {
                Holding next = holding(opened, right, watch);
                List<Hold> own = here.confirmed(next.followers().all());
                next.restoreFollowers(self);
                restoreOwn(next, here, own);
                become(next);
                here.taken();
                done = true;
                return true;
            } finally {
                if (!done) {
                    opened.close();
                }
            }
        });
    }

    private Holding holding(AttachedSr opened, SharedSr right, HolderWatch watch) {
        return Holding.of(opened, right, watch, stateId, () -> pool.releaseFenced(sr.id()));
    }

    private static void restoreOwn(Holding next, FollowedDisks here, List<Hold> own) {
        for (Hold hold : own) {
            try {
                next.sr().restore(hold.vdi(), hold.holder(), hold.mode(), hold.active());
            } catch (RuntimeException e) {
                LOG.log(Level.SEVERE, LogLine.of("vdi-restore-failed", "vdi", hold.vdi()), e);
                here.failed(hold.vdi(), "VDI " + hold.vdi() + " cannot be opened: " + e.getMessage());
            }
        }
    }

    private void become(Holding next) {
        next.holdsChanged();
        holding = next;
        pool.add(sr.id(), next);
    }

    @Override
    public SrId id() {
        return sr.id();
    }

    @Override
    public String name() {
        Holding now = holding;
        return now == null ? sr.name() : now.sr().name();
    }

    @Override
    public StorageRepository repository() {
        Holding now = holding;
        if (now != null) {
            return now.sr().repository();
        }
        FollowerRepository remote = followed;
        if (remote == null) {
            throw new IllegalStateException("SR " + sr.id() + " is neither held nor followed");
        }
        return remote;
    }

    @Override
    public void restore(VdiId vdi, String holder, AccessMode mode, @Nullable AccessMode active) {
        Holding now = holding;
        FollowedDisks own = disks;
        if (now != null) {
            now.restoreOwn(vdi, holder, mode, active);
        } else if (own != null) {
            own.restore(vdi, holder, mode, active);
        }
    }

    @Override
    public JobIntents jobIntents() {
        Holding now = holding;
        return now == null ? noIntents : now.sr().jobIntents();
    }

    @Override
    public void holdsChanged() {
        Holding now = holding;
        if (now != null) {
            now.holdsChanged();
        }
    }

    @Override
    public Export taking(VdiId vdi, String holder, Supplier<Export> work) {
        Holding now = holding;
        return now == null ? work.get() : now.taking(vdi, holder, work);
    }

    @Override
    public void awaitComplete(Collection<VdiId> vdis) {
        Holding now = holding;
        if (now != null) {
            now.awaitComplete(vdis);
        }
    }

    @Override
    public boolean isRemote() {
        return true;
    }

    @Override
    public Optional<String> away() {
        Holding now = holding;
        return now == null ? Optional.empty() : now.right().away();
    }

    @Override
    public void giveUp() {
        if (holding == null) {
            StorageRepository remote = repository();
            remote.holds().forEach(hold -> remote.detach(hold.vdi(), hold.holder()));
        }
    }

    @Override
    public void destroy() throws IOException {
        Holding now = holding;
        if (now == null) {
            throw new SrException(SrError.SR_IN_USE, "SR " + sr.name() + " is another host's now")
                    .correction("Detach it here, and destroy it on the host that has it.");
        }
        endHolding(now);
        now.sr().destroy();
    }

    @Override
    public void close() throws IOException {
        endFollowing();
        Holding now = holding;
        if (now != null) {
            endHolding(now);
            close(now);
        } else if (disks != null) {
            disks.close();
        }
    }

    /** What another host has by now cannot be left in order, and need not be: that host has recovered it. */
    private void close(Holding now) throws IOException {
        try {
            now.sr().close();
        } catch (IOException e) {
            if (!now.right().isLost()) {
                throw e;
            }
            LOG.warning(LogLine.of("lost-sr-closed", "sr", sr.id(), "cause", String.valueOf(e.getMessage())));
        }
    }

    private void endFollowing() throws IOException {
        if (following != null && holding == null) {
            following.close();
        }
        closed = true;
    }

    private void endHolding(Holding now) {
        pool.remove(sr.id(), now);
        now.settle();
    }
}
