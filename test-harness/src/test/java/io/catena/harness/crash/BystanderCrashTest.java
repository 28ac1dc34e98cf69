package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.catena.harness.crash.BystanderScenario.Change;
import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A disk is attached, written and detached while a change of another one waits for the file system, whatever interrupts both. */
@Tag("slow")
class BystanderCrashTest {
    private static final long SEED = 7;
    private static final int STRIDE = 29;
    private static final int NEVER = 1_000_000;

    @ParameterizedTest
    @EnumSource
    void aPowerCutHarmsNeither(Change change) {
        CrashExplorer.atSomeCalls(Fault.POWER_CUT, SEED, STRIDE).explore(new BystanderScenario(change, SEED));
    }

    @ParameterizedTest
    @EnumSource
    void aKillHarmsNeither(Change change) {
        CrashExplorer.atSomeCalls(Fault.KILL, SEED, STRIDE).explore(new BystanderScenario(change, SEED));
    }

    /** The calls that a change waits for longest. */
    @ParameterizedTest
    @MethodSource("longest")
    void theOtherDiskComesBetweenThem(Change change, String[] calls) throws IOException {
        assertThat(afterSomeRuns(change).met).contains(calls);
    }

    /** What a disk's file needs to be complete was done before. */
    @ParameterizedTest
    @EnumSource(names = {"DETACH", "DETACH_UNWRITTEN"})
    void whenADiskIsDetachedNothingIsSyncedUnderTheTreeLock(Change change) throws IOException {
        assertThat(afterSomeRuns(change).syncedUnderTheLock).isEmpty();
    }

    private static BystanderScenario afterSomeRuns(Change change) throws IOException {
        BystanderScenario scenario = new BystanderScenario(change, 1);
        for (int run = 0; run < 5; run++) {
            Machine machine = new Machine(run);
            Scenario.Run first = scenario.begin(machine);
            machine.killAtCall(NEVER);
            first.act();
        }
        return scenario;
    }

    static Stream<Arguments> longest() {
        return Stream.of(
                arguments(Change.ATTACH, methods("VhdHeaders.sectorAt", "RedoLog.openHalf")),
                arguments(Change.DETACH, methods("BatmapFile.write")),
                arguments(Change.DETACH_UNWRITTEN, methods("SparseTail.writeTrailingFooter")),
                arguments(
                        Change.LIVE_SNAPSHOT,
                        methods(
                                "VhdCreator.finish",
                                "SparseTail.cutOffTail",
                                "StoredText.replace",
                                "SparseFlush.flushNow",
                                "Snapshot.name")),
                arguments(Change.LIVE_RESIZE, methods("SparseFlush.flushNow", "StoredText.replace", "Bytes.writeTo")),
                arguments(Change.CHECK, methods("VhdHeaders.sectorAt", "BatmapFile.find", "StoredText.replace")));
    }

    private static String[] methods(String... names) {
        return names;
    }
}
