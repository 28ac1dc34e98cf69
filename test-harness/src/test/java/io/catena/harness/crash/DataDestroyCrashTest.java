package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.harness.explore.CallSite;
import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Seeds;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Giving up a snapshot's data loses no change and no other disk, whenever it is interrupted: see {@link DataDestroyScenario}. */
@Tag("slow")
class DataDestroyCrashTest {
    /** The first call is random, so the seeds meet every call many times; a fault at each would take minutes. */
    private static final int STRIDE = 12;

    @Seeds(4)
    void aPowerCutLosesNoChange(long seed) {
        CrashExplorer.atSomeCalls(Fault.POWER_CUT, seed, STRIDE).explore(new DataDestroyScenario(seed, call -> true));
    }

    @Seeds(4)
    void aKillLosesNoChange(long seed) {
        CrashExplorer.atSomeCalls(Fault.KILL, seed, STRIDE).explore(new DataDestroyScenario(seed, call -> true));
    }

    /** So a merge that kept what it takes away too late would be found out. */
    @Test
    void whatIsKeptIsWrittenBeforeNodesGo() {
        assertThatThrownBy(() -> {
                    for (long seed = 1; seed <= 20; seed++) {
                        CrashExplorer.atSomeCalls(Fault.KILL, seed, 200)
                                .explore(new DataDestroyScenario(seed, call -> !CallSite.isInside("KeptRow.save")));
                    }
                })
                .isInstanceOf(AssertionError.class);
    }
}
