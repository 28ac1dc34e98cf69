package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;

import io.catena.harness.explore.Call;
import io.catena.harness.explore.CallSite;
import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The crash tests can fail: a driver that leaves out one of the calls that its promises rest on is found out. Each mutant is
 * the driver as it is, without the calls of one place in its code.
 *
 * <p>Some calls are left out of the list since nobody can miss them. The first sync of names in {@code Replace.apply} is
 * for disks whose file has a name of its own; else the rename is all there is, and the answer waits for the next sync. The
 * sync of names in {@code LeafReplacer.prepare}: if the prepared file is lost the recorded operation does nothing, and the
 * disk stays what it was. The second sync in {@code BlockMover.move}: the journal that follows holds the whole table. The second sync of names in {@code Snapshot.name}: until
 * {@code complete} has synced the names anyway, recovery gives the children their names again. The truncate in {@code
 * SparseTail.cutOffTail}: in files that the driver lays out for disks of this size the padding before a block is larger
 * than the footer that it cuts off. When XenServer's work is finished: the sync of names in {@code Journal.record}, for the
 * links that are written there change one sector of a header, and XenServer's own journal has the work begun again; the
 * delete in {@code Relink.remove}, for what stays is garbage, and is collected.
 */
@Tag("slow")
class MutantsTest {
    private static final int SEEDS = 60;

    /** Methods that leave it to others to make their calls. */
    private static final Set<String> INDIRECT = Set.of(
            "Journal.record",
            "ElidedZeros.note",
            "Orphans.change",
            "PushDown.copy",
            "PushDown.mark",
            "PullUpMerge.copyLacking",
            "LiveLeafMerge.makeDurable",
            "LeafWork.endDrain",
            "LivePullUp.makeDurable",
            "SparseFlush.flushFirst",
            "DrainingLayer.copyAgain",
            "DrainingLayer.giveUpCopied",
            "LiveCut.complete",
            "SparseGrowth.move",
            "UploadKeeper.makeDurable",
            "KeptUploads.write",
            "Snapshot.complete",
            "StoredText.writeAll");

    /** What has been left out, in which scenario and under which fault it must be noticed. */
    private record Mutant(Fault fault, Mutated scenario, Call.Kind kind, String method, int site, int sites) {
        @Override
        public String toString() {
            return method + " without " + kind + " " + site + " of " + sites;
        }
    }

    /** A scenario whose driver is watched. */
    @FunctionalInterface
    private interface Mutated {
        Scenario of(long seed, WatchedStorage.Watcher watcher);
    }

    static Stream<Arguments> mutants() {
        Mutated drain = DrainScenario::new;
        Mutated layer = (seed, watcher) -> new LayerScenario(seed, seed % 2 == 0, watcher);
        Mutated snapshot = (seed, watcher) -> new SnapshotScenario(seed, SnapshotScenario.Kind.SNAPSHOT, watcher);
        Mutated merge = MergeScenario::new;
        Mutated create = CreateScenario::new;
        Mutated revert = RevertScenario::new;
        Mutated raw = (seed, watcher) -> new SnapshotScenario(seed, SnapshotScenario.Kind.RAW, watcher);
        Mutated resize = ResizeScenario::new;
        Mutated compose = ComposeScenario::new;
        Mutated reset = (seed, watcher) -> new RevertScenario(seed, RevertScenario.How.RESET, watcher);
        Mutated destroy = DestroyCrashTest::scenario;
        Mutated upload = UploadScenario::new;
        Mutated leaf = recovery(SmState.LEAF_8_PARENT_RENAMED);
        Mutated shown = recovery(SmState.LEAF_2_PARENT_SHOWN);
        Mutated relink = recovery(SmState.NODE_RELINK_BEGUN);
        Mutated cut = recovery(SmState.SNAPSHOT_7_RENAMED);
        return Stream.of(
                        new Mutant(Fault.POWER_CUT, layer, Call.Kind.SYNC, "SparseFlush.flushNow", 1, 2),
                        new Mutant(Fault.POWER_CUT, layer, Call.Kind.SYNC, "SparseFlush.flushNow", 2, 2),
                        new Mutant(Fault.POWER_CUT, layer, Call.Kind.TRUNCATE, "SparseTail.growToDataEnd", 1, 1),
                        new Mutant(Fault.POWER_CUT, layer, Call.Kind.WRITE, "SparseTail.writeTrailingFooter", 1, 1),
                        new Mutant(Fault.POWER_CUT, layer, Call.Kind.WRITE, "BlockMap.writeBack", 1, 2),
                        new Mutant(Fault.POWER_CUT, layer, Call.Kind.WRITE, "BlockMap.writeBack", 2, 2),
                        new Mutant(Fault.KILL, layer, Call.Kind.WRITE, "RedoLog.append", 1, 1),
                        new Mutant(Fault.KILL, layer, Call.Kind.PUNCH, "SparseLayer.punch", 1, 1),
                        new Mutant(Fault.POWER_CUT, layer, Call.Kind.PUNCH, "SparseTail.freePlacesLeft", 1, 1),
                        new Mutant(Fault.KILL, layer, Call.Kind.TRUNCATE, "SparseTail.growToDataEnd", 1, 1),
                        new Mutant(Fault.POWER_CUT, drain, Call.Kind.SYNC, "SparseFlush.flushNow", 1, 2),
                        new Mutant(Fault.POWER_CUT, drain, Call.Kind.SYNC, "SparseFlush.flushNow", 2, 2),
                        new Mutant(Fault.POWER_CUT, drain, Call.Kind.SYNC, "SparseFlush.flushFirst", 1, 1),
                        new Mutant(Fault.KILL, drain, Call.Kind.WRITE, "DrainingLayer.copyAgain", 1, 1),
                        new Mutant(Fault.KILL, drain, Call.Kind.WRITE, "DrainingLayer.giveUpCopied", 1, 1),
                        new Mutant(Fault.POWER_CUT, snapshot, Call.Kind.SYNC_NAMES, "Snapshot.name", 1, 2),
                        new Mutant(Fault.POWER_CUT, snapshot, Call.Kind.SYNC, "Journal.record", 1, 1),
                        new Mutant(Fault.POWER_CUT, snapshot, Call.Kind.SYNC_NAMES, "Journal.record", 1, 1),
                        new Mutant(Fault.POWER_CUT, snapshot, Call.Kind.SYNC_NAMES, "CutPreparation.makeDurable", 1, 1),
                        new Mutant(Fault.POWER_CUT, snapshot, Call.Kind.SYNC, "VhdCreator.finish", 1, 1),
                        new Mutant(Fault.POWER_CUT, snapshot, Call.Kind.SYNC, "HiddenFlag.set", 1, 1),
                        new Mutant(Fault.POWER_CUT, snapshot, Call.Kind.SYNC, "StoredText.writeAll", 1, 1),
                        new Mutant(Fault.POWER_CUT, snapshot, Call.Kind.SYNC_NAMES, "Snapshot.complete", 1, 1),
                        new Mutant(Fault.POWER_CUT, snapshot, Call.Kind.SYNC, "LiveCut.complete", 1, 1),
                        new Mutant(Fault.POWER_CUT, snapshot, Call.Kind.SYNC, "SparseFlush.flushFirst", 1, 1),
                        new Mutant(Fault.KILL, snapshot, Call.Kind.WRITE, "RedoLog.append", 1, 1),
                        new Mutant(Fault.KILL, snapshot, Call.Kind.RENAME, "Snapshot.name", 1, 2),
                        new Mutant(Fault.KILL, snapshot, Call.Kind.RENAME, "Snapshot.name", 2, 2),
                        new Mutant(Fault.POWER_CUT, merge, Call.Kind.SYNC, "Relink$Child.link", 1, 1),
                        new Mutant(Fault.POWER_CUT, merge, Call.Kind.SYNC, "PushDown.copy", 1, 1),
                        new Mutant(Fault.POWER_CUT, merge, Call.Kind.SYNC, "PushDown.mark", 1, 1),
                        new Mutant(Fault.POWER_CUT, create, Call.Kind.SYNC_NAMES, "VdiMaker.place", 1, 1),
                        new Mutant(Fault.POWER_CUT, merge, Call.Kind.SYNC, "PullUpMerge.copyLacking", 1, 1),
                        new Mutant(Fault.POWER_CUT, merge, Call.Kind.SYNC_NAMES, "Absorb.rename", 1, 1),
                        new Mutant(Fault.POWER_CUT, merge, Call.Kind.SYNC, "LiveLeafMerge.makeDurable", 1, 1),
                        new Mutant(Fault.POWER_CUT, merge, Call.Kind.SYNC, "SparseFlush.flushFirst", 1, 1),
                        new Mutant(Fault.POWER_CUT, merge, Call.Kind.SYNC, "LeafWork.endDrain", 1, 1),
                        new Mutant(Fault.POWER_CUT, merge, Call.Kind.SYNC, "LivePullUp.makeDurable", 1, 1),
                        new Mutant(Fault.POWER_CUT, merge, Call.Kind.SYNC, "SparseLayer.relink", 1, 1),
                        new Mutant(Fault.POWER_CUT, merge, Call.Kind.SYNC, "SparseTail.changeFooter", 1, 1),
                        new Mutant(Fault.KILL, merge, Call.Kind.WRITE, "SparseTail.writeCopy", 1, 1),
                        new Mutant(Fault.POWER_CUT, revert, Call.Kind.SYNC, "VhdCreator.finish", 1, 1),
                        new Mutant(Fault.POWER_CUT, compose, Call.Kind.SYNC, "Relink$Child.link", 1, 1),
                        new Mutant(Fault.POWER_CUT, compose, Call.Kind.SYNC, "HiddenFlag.set", 1, 1),
                        new Mutant(Fault.POWER_CUT, compose, Call.Kind.SYNC, "Journal.record", 1, 1),
                        new Mutant(Fault.POWER_CUT, compose, Call.Kind.SYNC_NAMES, "Journal.record", 1, 1),
                        new Mutant(Fault.POWER_CUT, compose, Call.Kind.WRITE, "HiddenFlag.write", 1, 2),
                        new Mutant(Fault.POWER_CUT, compose, Call.Kind.SYNC_NAMES, "ElidedZeros.note", 1, 1),
                        new Mutant(Fault.POWER_CUT, compose, Call.Kind.RENAME, "ElidedZeros.note", 1, 1),
                        new Mutant(Fault.POWER_CUT, reset, Call.Kind.SYNC, "VhdCreator.finish", 1, 1),
                        new Mutant(Fault.KILL, destroy, Call.Kind.RENAME, "Orphans.change", 1, 1),
                        new Mutant(Fault.POWER_CUT, destroy, Call.Kind.SYNC, "Orphans.change", 1, 1),
                        new Mutant(Fault.POWER_CUT, raw, Call.Kind.SYNC, "FlatLayer.flush", 1, 1),
                        new Mutant(Fault.POWER_CUT, resize, Call.Kind.SYNC, "Rewrite.apply", 1, 1),
                        new Mutant(Fault.POWER_CUT, resize, Call.Kind.SYNC, "BlockMover.move", 1, 2),
                        new Mutant(Fault.POWER_CUT, resize, Call.Kind.SYNC, "SparseGrowth.move", 1, 1),
                        new Mutant(Fault.KILL, resize, Call.Kind.WRITE, "SparseGrowth.copy", 1, 1),
                        new Mutant(Fault.POWER_CUT, resize, Call.Kind.SYNC_NAMES, "Journal.record", 1, 1),
                        new Mutant(Fault.POWER_CUT, upload, Call.Kind.SYNC, "UploadKeeper.makeDurable", 1, 1),
                        new Mutant(Fault.POWER_CUT, upload, Call.Kind.SYNC, "KeptUploads.write", 1, 1),
                        new Mutant(Fault.POWER_CUT, upload, Call.Kind.SYNC_NAMES, "KeptUploads.write", 1, 1),
                        new Mutant(Fault.POWER_CUT, upload, Call.Kind.SYNC, "StreamHead.write", 1, 1),
                        new Mutant(Fault.POWER_CUT, leaf, Call.Kind.SYNC_NAMES, "SmNodes.renameDurably", 1, 1),
                        new Mutant(Fault.KILL, leaf, Call.Kind.RENAME, "SmNodes.renameDurably", 1, 1),
                        new Mutant(Fault.KILL, leaf, Call.Kind.DELETE, "SmNodes.deleteDurably", 1, 1),
                        new Mutant(Fault.POWER_CUT, leaf, Call.Kind.SYNC, "HiddenFlag.set", 1, 1),
                        new Mutant(Fault.KILL, shown, Call.Kind.WRITE, "HiddenFlag.write", 1, 2),
                        new Mutant(Fault.POWER_CUT, shown, Call.Kind.SYNC, "HiddenFlag.set", 1, 1),
                        new Mutant(Fault.POWER_CUT, relink, Call.Kind.SYNC, "Relink$Child.link", 1, 1),
                        new Mutant(Fault.POWER_CUT, relink, Call.Kind.SYNC, "Journal.record", 1, 1),
                        new Mutant(Fault.POWER_CUT, cut, Call.Kind.SYNC_NAMES, "SmNodes.renameDurably", 1, 1),
                        new Mutant(Fault.KILL, cut, Call.Kind.RENAME, "SmNodes.renameDurably", 1, 1))
                .map(Arguments::of);
    }

    private static Mutated recovery(SmState state) {
        return (seed, watcher) -> new SmRecoveryScenario(state, seed, watcher);
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void aDriverThatLeavesOutACallIsFoundOut(Mutant mutant) throws IOException {
        SortedSet<Integer> sites = sites(mutant);
        assertThat(sites)
                .as("places of %s in %s", mutant.kind(), mutant.method())
                .hasSize(mutant.sites());
        int left = sites.stream().skip(mutant.site() - 1).findFirst().orElseThrow();
        for (long seed = 1; seed <= SEEDS; seed++) {
            Scenario scenario =
                    mutant.scenario().of(seed, call -> call.kind() != mutant.kind() || site(mutant.method()) != left);
            try {
                CrashExplorer.atSomeCalls(mutant.fault(), seed, 2).explore(scenario);
            } catch (AssertionError found) {
                return;
            }
        }
        fail("not found out with " + SEEDS + " seeds: " + mutant);
    }

    /** Returns the places in a method from which calls of a kind come. */
    private static SortedSet<Integer> sites(Mutant mutant) throws IOException {
        SortedSet<Integer> sites = new TreeSet<>();
        for (long seed = 1; seed <= SEEDS && sites.size() < mutant.sites(); seed++) {
            Scenario scenario = mutant.scenario().of(seed, call -> {
                if (call.kind() == mutant.kind()) {
                    sites.add(site(mutant.method()));
                    sites.remove(-1);
                }
                return true;
            });
            scenario.begin(new Machine(seed)).act();
        }
        return sites;
    }

    /** Returns where a call is made in a method; of calls made further down all are one. Else -1. */
    private static int site(String method) {
        CallSite site = CallSite.current();
        if (site.method().equals(method)) {
            return site.index();
        }
        boolean isIndirect = INDIRECT.contains(method);
        return isIndirect && CallSite.isInside(method) ? 0 : -1;
    }
}
