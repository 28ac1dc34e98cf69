package io.catena.harness.cluster;

import java.io.IOException;
import java.util.Optional;

/**
 * Schedules that chance brings about too seldom, or never, since the clocks of all hosts go on in it: a host may stand still with its
 * clock, as a virtual machine that is paused. When it goes on its lease is good by its clock, and by everybody else's it is dead.
 */
public final class DirectedRun {
    private static final long FIRST_FAULT_MILLIS = 15_000;
    private static final long LOOK_MILLIS = 100;
    private static final long MILLIS = 90_000;

    /** How long whoever claims stands still after the other has woken: time for one renewal. */
    private static final long CLAIM_DELAY_MILLIS = 1_500;

    private static final long CUT_MILLIS = 7_000;

    /** After the renewal, before the claim goes on. */
    private static final long REMOVAL_MILLIS = 900;

    /** A renewal that was due while the host stood still is over then. */
    private static final long RENEWAL_MILLIS = 500;

    /** Longer than any lease. */
    private static final long STOP_MILLIS = 45_000;

    private final ClusterRun run;

    private DirectedRun(ClusterRun run) {
        this.run = run;
    }

    /**
     * The host's processes, but not its clock, stand still between the end of a request and its answer; and it is cut off, since its
     * kernel would keep its locks.
     */
    public static ClusterRun.Outcome stopsBeforeAnAnswer(ClusterPlan plan, long seed) throws IOException {
        ClusterRun run = new ClusterRun(plan, seed);
        new DirectedRun(run)
                .whenOwned(owner -> owner.beforeAnswer(() -> {
                    owner.link().cut(STOP_MILLIS);
                    owner.link().stop(STOP_MILLIS);
                }));
        return run.run(seed, MILLIS);
    }

    /**
     * The host wakes when another serves what it had. Nothing tells it so before its next renewal; until then it may answer, and
     * its late writes have no effect. Then it must be silent.
     */
    public static ClusterRun.Outcome wakesAfterATakeover(ClusterPlan plan, long seed) throws IOException {
        ClusterRun run = new ClusterRun(plan, seed);
        DirectedRun directed = new DirectedRun(run);
        directed.whenOwned(owner -> {
            owner.link().pause();
            directed.whenOwnedByAnother(owner, () -> {
                run.history().lenientFor(RENEWAL_MILLIS);
                owner.link().wake();
            });
        });
        return run.run(seed, MILLIS);
    }

    /**
     * The host wakes and renews between another's last look at it and that one's claim, so that neither renewal nor look sees the
     * other. Then the network is slow, and a request of the guest is under way with the next renewal.
     */
    public static ClusterRun.Outcome wakesBeforeTheClaim(ClusterPlan plan, long seed) throws IOException {
        ClusterRun run = new ClusterRun(plan, seed);
        DirectedRun directed = new DirectedRun(run);
        directed.whenOwned(owner -> {
            owner.link().pause();
            for (SimulatedHost other : run.hosts()) {
                if (other != owner) {
                    other.store().beforeReplace(() -> directed.wakeDuringClaim(owner, other));
                }
            }
        });
        return run.run(seed, MILLIS);
    }

    /**
     * As {@link #wakesBeforeTheClaim}, while somebody removes the owner's note who has stood still since he took it for dead: when
     * it is paused, and once more after its renewal, so that the claim sees no note before and none after.
     */
    public static ClusterRun.Outcome losesItsNote(ClusterPlan plan, long seed) throws IOException {
        ClusterRun run = new ClusterRun(plan, seed);
        DirectedRun directed = new DirectedRun(run);
        directed.whenOwned(owner -> {
            owner.link().pause();
            for (SimulatedHost other : run.hosts()) {
                if (other != owner) {
                    other.store().beforeReplace(() -> {
                        directed.wakeDuringClaim(owner, other);
                        directed.later(REMOVAL_MILLIS, () -> directed.loseNote(owner, other));
                    });
                    directed.loseNote(owner, other);
                }
            }
        });
        return run.run(seed, MILLIS);
    }

    /** Removed by one that is not busy with a claim. */
    private void loseNote(SimulatedHost owner, SimulatedHost claiming) {
        String note = owner.note();
        run.hosts().stream()
                .filter(host -> host != owner && host != claiming)
                .forEach(host -> run.time().start(() -> host.removeLate(note)));
    }

    private void wakeDuringClaim(SimulatedHost owner, SimulatedHost claiming) {
        run.hosts().forEach(host -> host.store().beforeReplace(() -> {}));
        owner.link().wake();
        claiming.link().stop(CLAIM_DELAY_MILLIS);
        later(CLAIM_DELAY_MILLIS, () -> owner.link().cut(CUT_MILLIS));
    }

    /** What is done with a host. */
    private interface Fault {
        void befall(SimulatedHost host);
    }

    private void whenOwned(Fault fault) {
        run.time().at(FIRST_FAULT_MILLIS, () -> befallOwner(fault));
    }

    private void befallOwner(Fault fault) {
        Optional<SimulatedHost> owner =
                run.hosts().stream().filter(SimulatedHost::owns).findFirst();
        if (owner.isPresent()) {
            fault.befall(owner.get());
        } else {
            later(LOOK_MILLIS, () -> befallOwner(fault));
        }
    }

    private void whenOwnedByAnother(SimulatedHost owner, Runnable then) {
        if (run.hosts().stream().anyMatch(host -> host != owner && host.owns())) {
            then.run();
        } else {
            later(LOOK_MILLIS, () -> whenOwnedByAnother(owner, then));
        }
    }

    private void later(long millis, Runnable what) {
        run.time().at(run.time().nowMillis() + millis, what);
    }
}
