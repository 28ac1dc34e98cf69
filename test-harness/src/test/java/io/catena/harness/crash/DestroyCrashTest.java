package io.catena.harness.crash;

import io.catena.api.VdiId;
import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.sim.Machine;
import io.catena.harness.sim.Seeds;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Tag;

/** What the removal of disks leaves when it is interrupted: each whole disk or none of it, and all others as they were. */
@Tag("slow")
class DestroyCrashTest {
    /** The first call is random, so 25 seeds meet every call some times; {@code campaign} puts a fault at each. */
    private static final int STRIDE = 5;

    @Seeds(25)
    void aPowerCutLeavesTheDiskOrNone(long seed) {
        CrashExplorer.atSomeCalls(Fault.POWER_CUT, seed, STRIDE).explore(scenario(seed));
    }

    @Seeds(25)
    void aKillLeavesTheDiskOrNone(long seed) {
        CrashExplorer.atSomeCalls(Fault.KILL, seed, STRIDE).explore(scenario(seed));
    }

    static Scenario scenario(long seed) {
        return scenario(seed, call -> true);
    }

    static Scenario scenario(long seed, WatchedStorage.Watcher watcher) {
        return machine -> new DestroyRun(machine, seed, watcher);
    }

    /** Removes some disks of a tree: snapshots, clones, and such that were never cut. */
    private static final class DestroyRun implements Scenario.Run {
        private final SimulatedSr sr;
        private final List<VdiId> doomed = new ArrayList<>();
        private int gone;

        DestroyRun(Machine machine, long seed, WatchedStorage.Watcher watcher) throws IOException {
            sr = new SimulatedSr(machine, seed, watcher);
            for (int i = 0; i < 2; i++) {
                VdiId vdi = sr.create(new VdiId(new UUID(5, i)));
                sr.attach(vdi);
                sr.work(vdi);
                doomed.add(sr.snapshot(vdi));
                if (sr.random.nextBoolean()) {
                    sr.work(vdi);
                    sr.snapshot(vdi);
                }
                sr.work(vdi);
            }
            VdiId victim = new VdiId(new UUID(5, sr.random.nextInt(2)));
            sr.detach(victim);
            doomed.add(victim);
        }

        @Override
        public void act() throws IOException {
            for (VdiId vdi : doomed) {
                sr.repository().destroy(vdi);
                gone++;
            }
        }

        @Override
        public void recover(boolean powerWasCut) {
            sr.restart(powerWasCut);
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            List<VdiId> answered = doomed.subList(0, gone);
            sr.models.keySet().removeAll(answered);
            if (gone < doomed.size()
                    && sr.repository().vdis().stream().noneMatch(v -> v.vdi().equals(doomed.get(gone)))) {
                sr.models.remove(doomed.get(gone));
            }
            sr.checkContents(happened ? fault : Fault.KILL);
            sr.checkShape();
            String result = sr.collectGarbage().result();
            SimulatedSr.require(!result.contains("set aside"), result);
            SimulatedSr.require(sr.nodes("garbage") == 0, "garbage is left: " + result);
            sr.checkWorkGoesOn(!happened);
        }
    }
}
