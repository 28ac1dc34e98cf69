package io.catena.harness.crash;

import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * XenServer's storage manager was interrupted at any of its steps; then attaching the SR is interrupted at any call, and again
 * in the next attempt. Every disk holds what it held.
 */
@Tag("slow")
class SmRecoveryCrashTest {
    /** Kept, because a logger that nobody keeps forgets its level. */
    private static final Logger LOG = Logger.getLogger("io.catena.sr");

    static {
        LOG.setLevel(Level.OFF);
    }

    @ParameterizedTest
    @EnumSource
    void powerLossAtAnyCallOfTheRecoveryKeepsAllDisks(SmState state) {
        explore(Fault.POWER_CUT, state, 3);
    }

    @ParameterizedTest
    @EnumSource
    void aKillAtAnyCallOfTheRecoveryKeepsAllDisks(SmState state) {
        explore(Fault.KILL, state, 1);
    }

    @ParameterizedTest
    @EnumSource
    void anIoErrorAtAnyCallOfTheRecoveryKeepsAllDisks(SmState state) {
        explore(Fault.IO_ERROR, state, 1);
    }

    @ParameterizedTest
    @EnumSource
    void aFullDiskAtAnyCallOfTheRecoveryKeepsAllDisks(SmState state) {
        explore(Fault.DISK_FULL, state, 1);
    }

    private static void explore(Fault fault, SmState state, int seeds) {
        for (long seed = 1; seed <= seeds; seed++) {
            try {
                CrashExplorer.atEachCall(fault, seed).explore(new SmRecoveryScenario(state, seed, call -> true));
            } catch (AssertionError e) {
                throw new AssertionError(state + ": " + e.getMessage(), e);
            }
        }
    }
}
