package io.catena.harness.crash;

import io.catena.agent.cluster.Fencing;
import io.catena.harness.cluster.ManualClock;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.sim.Machine;
import io.catena.lease.Claim;
import io.catena.lease.EpochStorage;
import io.catena.lease.FileLeaseStore;
import io.catena.lease.Grant;
import io.catena.lease.Holder;
import io.catena.lease.HostRecord;
import io.catena.lease.HostWatch;
import io.catena.lease.LeaseKeys;
import io.catena.lease.LeaseStore;
import io.catena.lease.LeaseTimes;
import io.catena.lease.Session;
import io.catena.lease.Takeover;
import io.catena.lease.WrittenFiles;
import io.catena.store.ForwardingStorage;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * An SR that each host takes over from the one before, which has died, by the same steps as an agent. The machine is the file
 * server; what a dead host had in its memory and its run directory is lost.
 */
final class TakenOverSr {
    private static final ThreadLocal<@Nullable Mistake> WANTED = new ThreadLocal<>();

    private final Machine machine;
    private final Mistake mistake;
    private final LeaseStore store;
    private final ManualClock clock = new ManualClock();
    private int host;
    private @Nullable HeldRenames renames;

    /** What a takeover does otherwise than it should. */
    enum Mistake {
        NONE,

        /** The files of the dead host are copied before the recovery, but the copies take their places when guests write already. */
        OPENS_BEFORE_THE_FENCE_STANDS
    }

    private TakenOverSr(Machine machine, Mistake mistake) {
        this.machine = machine;
        this.mistake = mistake;
        AtomicLong uuids = new AtomicLong();
        store = new FileLeaseStore(machine.disk("sr"), () -> new UUID(77, uuids.incrementAndGet()));
    }

    /** Lets another host take the SR over after each crash of a scenario. */
    static Scenario in(Scenario scenario) {
        return in(scenario, Mistake.NONE);
    }

    /** As {@link #in(Scenario)}, but by hosts that make a mistake. */
    static Scenario in(Scenario scenario, Mistake mistake) {
        return machine -> {
            WANTED.set(mistake);
            try {
                return new OtherHostRecovers(scenario.begin(machine));
            } finally {
                WANTED.remove();
            }
        };
    }

    /** Returns how the scenario's SR is taken over; null if by the host that had it. */
    static @Nullable TakenOverSr wanted(Machine machine) {
        Mistake mistake = WANTED.get();
        return mistake == null ? null : new TakenOverSr(machine, mistake);
    }

    /** What was not flushed is lost with the host, whether or not the file server lost its power. */
    private record OtherHostRecovers(Scenario.Run run) implements Scenario.Run {
        @Override
        public void act() throws IOException {
            run.act();
        }

        @Override
        public void recover(boolean powerWasCut) throws IOException {
            run.recover(true);
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            run.check(happened ? Fault.POWER_CUT : fault, happened);
        }
    }

    /** Returns what the next host has of the SR. */
    Storage takeOver() throws IOException {
        host++;
        UUID id = new UUID(0, host);
        Session session =
                Session.join(store, LeaseTimes.DEFAULT, clock, HostRecord.of(id, "host" + host, new UUID(host, 1)));
        HostWatch watch = new HostWatch(store, LeaseTimes.DEFAULT, clock);
        Holder dead = Claim.decode(store.read(LeaseKeys.TREE)).holder();
        if (dead != null) {
            watch.fenced(dead);
        }
        Takeover takeover = new Takeover(store, session, watch, LeaseTimes.DEFAULT, clock);
        Grant grant = takeover.claim(LeaseKeys.TREE, List.of(), null);
        Storage plain = machine.disk("sr");
        HeldRenames names = new HeldRenames(
                new EpochStorage(plain, grant.epoch()), mistake == Mistake.OPENS_BEFORE_THE_FENCE_STANDS);
        renames = names;
        WrittenFiles.Right right =
                () -> store.superseded(List.of(grant.entry())).isEmpty();
        Fencing fencing = new Fencing("sr", plain, names, store, right, id, clock);
        takeover.fence(fencing::raise);
        names.holdNoMore();
        takeover.recover(now -> "done by the attach, which is the first to look");
        return takeover.open(now -> fencing.noted());
    }

    /** A guest's flush was answered. */
    void flushed() throws IOException {
        if (renames != null) {
            renames.makeHeld();
        }
    }

    /** Renames may be held back for a while. */
    private static final class HeldRenames extends ForwardingStorage {
        private final Map<String, String> held = new LinkedHashMap<>();
        private boolean holds;

        HeldRenames(Storage storage, boolean holds) {
            super(storage);
            this.holds = holds;
        }

        @Override
        public void rename(String from, String to) throws IOException {
            if (holds) {
                String waiting = ".catena/lease-tmp/held-" + held.size();
                super.delete(waiting);
                super.rename(from, waiting);
                held.put(waiting, to);
            } else {
                super.rename(from, to);
            }
        }

        void holdNoMore() {
            holds = false;
        }

        void makeHeld() throws IOException {
            for (Map.Entry<String, String> rename : held.entrySet()) {
                super.rename(rename.getKey(), rename.getValue());
            }
            held.clear();
        }
    }

    /** Returns the run directory of the host that has it, which nobody else sees. */
    Storage tmpfs() {
        return machine.tmpfs("run" + host);
    }
}
