package io.catena.agent.cluster;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.disk.Exporter;
import io.catena.disk.FilteringExporter;
import io.catena.lease.BootClock;
import io.catena.lease.EpochFence;
import io.catena.lease.EpochStorage;
import io.catena.lease.Grant;
import io.catena.lease.HeldElsewhereException;
import io.catena.lease.HostWatch;
import io.catena.lease.LeaseKeys;
import io.catena.lease.LeaseStore;
import io.catena.lease.LeaseTimes;
import io.catena.lease.Ownership;
import io.catena.lease.Session;
import io.catena.lease.Takeover;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.store.FencedStorage;
import io.catena.store.Storage;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * An SR that other hosts can reach, and that this one has now: how it got it, and what all that is done with it goes through.
 *
 * <p>A change of the storage passes, in this order: the lease ({@link FencedStorage}), the note of what is written ({@link
 * io.catena.lease.NotingStorage}), the epoch of names ({@link EpochStorage}). A request of a guest passes a {@link GuardedDisk}.
 */
public final class SharedSr {
    private static final LeaseTimes TIMES = LeaseTimes.DEFAULT;

    private final Ownership ownership;
    private final LeaseKeeper keeper;
    private final Storage storage;

    private SharedSr(Ownership ownership, LeaseKeeper keeper, Storage storage) {
        this.ownership = ownership;
        this.keeper = keeper;
        this.storage = storage;
    }

    /**
     * Takes an SR, if it is nobody's, or its owner's that is dead: waits until that is certain, but not for one that lives.
     *
     * @param plain the SR's directory
     * @param watch what has looked at the other hosts before
     * @throws SrException if another host has it
     */
    static SharedSr take(String name, Storage plain, LeaseStore store, ThisHost self, HostWatch watch)
            throws IOException {
        Session session = Session.join(store, TIMES, self.clock(), self.newRecord());
        boolean taken = false;
        try {
            SharedSr sr = take(name, plain, store, self, watch, session);
            taken = true;
            return sr;
        } finally {
            if (!taken) {
                session.close();
            }
        }
    }

    private static SharedSr take(
            String name, Storage plain, LeaseStore store, ThisHost self, HostWatch watch, Session session)
            throws IOException {
        BootClock clock = new RenewingClock(self.clock(), session);
        Takeover takeover = claim(store, session, watch, clock);
        Grant grant = takeover.grant();
        Ownership ownership = new Ownership(
                store, TIMES, self.clock(), self::newRecord, epoch -> EpochFence.raise(plain, epoch), session, grant);
        LeaseKeeper keeper = LeaseKeeper.start(name, ownership, TIMES.renewNanos());
        try {
            Storage names = new EpochStorage(plain, ownership::epoch);
            Fencing fencing = new Fencing(name, plain, names, store, ownership::isRecorded, self.id(), clock);
            takeover.fence(fencing::raise);
            takeover.recover(now -> "done by the attach, which is the first to look");
            return takeover.open(now -> new SharedSr(ownership, keeper, new FencedStorage(fencing.noted(), ownership)));
        } catch (IOException | RuntimeException e) {
            keeper.close();
            throw e;
        }
    }

    /** Claims it. The owner may be dead, but that shows only when it was looked at for long enough. */
    private static Takeover claim(LeaseStore store, Session session, HostWatch watch, BootClock clock)
            throws IOException {
        long began = clock.nanos();
        while (true) {
            Takeover takeover = new Takeover(store, session, watch, TIMES, clock);
            try {
                takeover.claim(LeaseKeys.TREE, List.of(), Instant.now().toString());
                return takeover;
            } catch (HeldElsewhereException e) {
                boolean lives = clock.nanos() - began > TIMES.renewNanos() * 2 && e.silentNanos() < TIMES.renewNanos();
                if (lives) {
                    throw new SrException(SrError.SR_IN_USE, "The SR is not free: " + e.getMessage(), e)
                            .correction(Advice.of("Detach it there first: ")
                                    .then(Remedy.of(Verb.SR_DETACH, "SR"))
                                    .then("; or, if that host is dead for certain: ")
                                    .then(Remedy.of(Verb.HOST_FENCED, e.holder().text(), "DIR")));
                }
                clock.sleep(TIMES.renewNanos());
            }
        }
    }

    /**
     * Makes sure that this host has the SR.
     *
     * @throws IOException if that is not certain
     */
    public void check() throws IOException {
        ownership.check();
    }

    /** Whether another host has taken the SR from this one. */
    public boolean isLost() {
        return ownership.lossReason().isPresent();
    }

    /** Returns why the lease, and with it all that changes the SR, waits for the records; empty if it does not. */
    public Optional<String> away() {
        return ownership.isValid() || isLost()
                ? Optional.empty()
                : Optional.of("its lease could not be renewed for " + TimeUnit.NANOSECONDS.toSeconds(TIMES.validNanos())
                        + " s, since the file server, or etcd, does not answer");
    }

    /** Returns what the SR is to be worked with through. */
    public Storage storage() {
        return storage;
    }

    /** Returns an exporter whose disks are served only while this host has the SR. */
    public Exporter guarded(Exporter exporter) {
        return new FilteringExporter(exporter, List.of((vdi, mode, disk) -> new GuardedDisk(disk, ownership)));
    }

    /**
     * Ends this host's time with the SR, which is closed.
     *
     * @param inOrder whether all that was written is on disk: then the SR is given up. Else it stays this host's until others
     *     count it as dead, so that they fence what may still be on its way
     */
    public void end(boolean inOrder) throws IOException {
        keeper.close();
        if (inOrder) {
            ownership.close();
        }
    }
}
