package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.harness.explore.CallSite;
import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Seeds;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** That a file was swapped is noticed whatever was interrupted before: see {@link SeenFilesScenario}. */
@Tag("slow")
class SeenFilesCrashTest {
    /** The first call is random, so the seeds meet every call many times. */
    private static final int STRIDE = 16;

    @Seeds(3)
    void aPowerCutHidesNoSwap(long seed) {
        explore(Fault.POWER_CUT, seed);
    }

    @Seeds(3)
    void aKillHidesNoSwap(long seed) {
        explore(Fault.KILL, seed);
    }

    @Seeds(1)
    void anIoErrorHidesNoSwap(long seed) {
        explore(Fault.IO_ERROR, seed);
    }

    @Seeds(1)
    void aFullDiskAccusesNobody(long seed) {
        explore(Fault.DISK_FULL, seed);
    }

    /** So a note that does not outlive a crash would be found out. */
    @Test
    void withoutTheNoteTheSwapIsHidden() {
        assertThatThrownBy(() -> CrashExplorer.atSomeCalls(Fault.KILL, 1, 20)
                        .explore(new SeenFilesScenario(1, call -> !CallSite.isInside("SeenFiles.write"))))
                .isInstanceOf(AssertionError.class);
    }

    private static void explore(Fault fault, long seed) {
        CrashExplorer.atSomeCalls(fault, seed, STRIDE).explore(new SeenFilesScenario(seed, call -> true));
    }
}
