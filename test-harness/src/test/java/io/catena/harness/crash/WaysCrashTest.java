package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Each way to merge two nodes, inner ones and a leaf, used or not, ends well whatever happens at any of its calls. */
@Tag("slow")
class WaysCrashTest {
    /** The campaign explores every call. */
    private static final int STRIDE = 6;

    static Stream<Arguments> mergesAndFaults() {
        return Arrays.stream(WayScenario.Merge.values())
                .flatMap(merge -> Arrays.stream(Fault.values()).map(fault -> Arguments.of(merge, fault)));
    }

    @ParameterizedTest
    @MethodSource("mergesAndFaults")
    void aFaultAtAnyCallHarmsNothing(WayScenario.Merge merge, Fault fault) {
        int faults = CrashExplorer.atSomeCalls(fault, 1, STRIDE).explore(new WayScenario(merge, 1));
        assertThat(faults).as("faults").isGreaterThan(2);
    }

    @ParameterizedTest
    @EnumSource
    void aDiskThatIsFullFromAnyAllocationOnHarmsNothing(WayScenario.Merge merge) throws IOException {
        int fullFrom = 0;
        boolean wasFull;
        do {
            fullFrom++;
            WayScenario.WayRun run = new WayScenario(merge, 1, fullFrom).begin(new Machine(fullFrom));
            wasFull = isFull(run);
            try {
                run.check(Fault.DISK_FULL, wasFull);
            } catch (AssertionError | IOException | RuntimeException e) {
                throw new AssertionError("full from allocation " + fullFrom + " on: " + e.getMessage(), e);
            }
        } while (wasFull);
        assertThat(fullFrom).as("allocations").isGreaterThan(4);
    }

    private static boolean isFull(WayScenario.WayRun run) throws IOException {
        try {
            run.act();
        } catch (IOException e) {
            if (!run.wasFull()) {
                throw e;
            }
        }
        return run.wasFull();
    }
}
