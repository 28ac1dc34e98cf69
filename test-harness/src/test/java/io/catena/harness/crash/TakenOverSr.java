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
import io.catena.store.Storage;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * An SR that each host takes over from the one before, which has died, by the same steps as an agent. The machine is the file
 * server; what a dead host had in its memory and its run directory is lost.
 */
final class TakenOverSr {
    private static final ThreadLocal<Boolean> WANTED = ThreadLocal.withInitial(() -> false);

    private final Machine machine;
    private final LeaseStore store;
    private final ManualClock clock = new ManualClock();
    private int host;

    private TakenOverSr(Machine machine) {
        this.machine = machine;
        AtomicLong uuids = new AtomicLong();
        store = new FileLeaseStore(machine.disk("sr"), () -> new UUID(77, uuids.incrementAndGet()));
    }

    /** Lets another host take the SR over after each crash of a scenario. */
    static Scenario in(Scenario scenario) {
        return machine -> {
            WANTED.set(true);
            try {
                return new OtherHostRecovers(scenario.begin(machine));
            } finally {
                WANTED.set(false);
            }
        };
    }

    /** Returns how the scenario's SR is taken over; null if by the host that had it. */
    static @Nullable TakenOverSr wanted(Machine machine) {
        return WANTED.get() ? new TakenOverSr(machine) : null;
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
        Storage names = new EpochStorage(plain, grant.epoch());
        Fencing fencing = new Fencing("sr", plain, names, store, id, clock);
        takeover.fence(fencing::raise);
        takeover.recover(now -> "done by the attach, which is the first to look");
        return takeover.open(now -> fencing.noted());
    }

    /** Returns the run directory of the host that has it, which nobody else sees. */
    Storage tmpfs() {
        return machine.tmpfs("run" + host);
    }
}
