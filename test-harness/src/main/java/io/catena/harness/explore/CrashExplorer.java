package io.catena.harness.explore;

import io.catena.api.SrException;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;

/**
 * Runs a scenario with a fault at call 1, 2, 3 and so on, until a run comes to its end before the fault. After a crash it
 * lets the run recover, with another crash at a random call of the recovery, then for good; then the run checks itself.
 *
 * <p>All chance comes from the seed. A violation is an {@link AssertionError} that tells seed, call, and what the machine
 * did last.
 */
public final class CrashExplorer {
    private static final int MOST_CALLS = 5000;
    private static final int RECOVERY_CALLS = 24;
    private static final int HISTORY_SHOWN = 60;

    private final long seed;
    private final Fault fault;
    private final int stride;

    private CrashExplorer(long seed, Fault fault, int stride) {
        this.seed = seed;
        this.fault = fault;
        this.stride = stride;
    }

    /** Explores a fault at every call. */
    public static CrashExplorer atEachCall(Fault fault, long seed) {
        return new CrashExplorer(seed, fault, 1);
    }

    /** Explores a fault at every {@code stride}-th call, from a random one of the first on. */
    public static CrashExplorer atSomeCalls(Fault fault, long seed, int stride) {
        return new CrashExplorer(seed, fault, stride);
    }

    /**
     * Explores a scenario; returns how many runs had a fault.
     *
     * @throws AssertionError if a run found something wrong, failed without a fault, or did not end
     */
    public int explore(Scenario scenario) {
        int runs = 0;
        int first = 1 + new SplittableRandom(seed).nextInt(stride);
        for (int call = first; call < MOST_CALLS; call += stride) {
            if (!new Trial(scenario, call).hadFault()) {
                return runs;
            }
            runs++;
        }
        throw new AssertionError("the scenario makes more than " + MOST_CALLS + " calls");
    }

    /** One run. */
    private final class Trial {
        private final Scenario scenario;
        private final int call;
        private final Machine machine;
        private final Random random;
        private String story;

        Trial(Scenario scenario, int call) {
            this.scenario = scenario;
            this.call = call;
            SplittableRandom mixed = new SplittableRandom(seed + call);
            machine = new Machine(mixed.nextLong());
            random = new Random(mixed.nextLong());
            story = fault + " at call " + call;
        }

        boolean hadFault() {
            try {
                Scenario.Run run = scenario.begin(machine);
                fault.plan(machine, call);
                boolean happened = act(run);
                boolean powerWasCut = happened && fault.isCrash() && crash(run);
                run.check(powerWasCut ? Fault.POWER_CUT : fault, happened);
                return happened;
            } catch (AssertionError | IOException | RuntimeException e) {
                List<String> history = machine.history();
                throw new AssertionError(
                        "seed " + seed + ", " + story + ": " + e + "\n  "
                                + String.join(
                                        "\n  ",
                                        history.subList(Math.max(0, history.size() - HISTORY_SHOWN), history.size())),
                        e);
            }
        }

        /** Returns whether the fault happened. */
        private boolean act(Scenario.Run run) throws IOException {
            try {
                run.act();
            } catch (IOException | SrException | UncheckedIOException e) {
                if (machine.planned()) {
                    throw e;
                }
            }
            boolean happened = !machine.planned();
            if (!happened) {
                machine.restart();
            }
            return happened;
        }

        /** Recovers; returns whether the power was cut at any time. */
        private boolean crash(Scenario.Run run) throws IOException {
            boolean powerWasCut = fault == Fault.POWER_CUT;
            machine.restorePower();
            Fault second = random.nextBoolean() ? Fault.POWER_CUT : Fault.KILL;
            int inCall = 1 + random.nextInt(RECOVERY_CALLS);
            second.plan(machine, inCall);
            try {
                run.recover(powerWasCut);
            } catch (IOException | SrException | UncheckedIOException e) {
                if (machine.planned()) {
                    throw e;
                }
            }
            if (machine.planned()) {
                machine.restart();
                return powerWasCut;
            }
            story += ", then " + second + " at call " + inCall + " of the recovery";
            powerWasCut |= second == Fault.POWER_CUT;
            machine.restorePower();
            run.recover(powerWasCut);
            return powerWasCut;
        }
    }
}
