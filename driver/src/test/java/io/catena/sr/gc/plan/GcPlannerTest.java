package io.catena.sr.gc.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.catena.api.GcStatus;
import io.catena.api.GcStatus.Way;
import io.catena.api.VdiId;
import io.catena.format.DiskType;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.op.Orphans;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import io.catena.vhd.ChainFile;
import io.catena.vhd.VhdHeaders;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GcPlannerTest {
    private static final long MIB = 1 << 20;

    private static final long BLOCK = 2 * MIB + 4096;

    private final List<Node> nodes = new ArrayList<>();
    private final Map<String, NodeCost> costs = new HashMap<>();
    private final Map<String, Orphans.Orphan> orphans = new HashMap<>();
    private long freeBytes = 1L << 40;

    @Test
    void nothingIsLeftToDoInAnEmptySr() {
        assertThat(next()).isEmpty();
    }

    @Test
    void aBaseCopyThatNothingBuildsOnIsDeleted() {
        hidden("base", null);
        visible("leaf", null);
        orphaned("base");

        assertThat(next()).hasValueSatisfying(step -> {
            assertThat(step.way()).isEqualTo(Way.DELETE);
            assertThat(step.node().name()).isEqualTo("base");
        });
    }

    @Test
    void aBaseCopyThatNoOperationOrphanedIsKeptAndTheReasonTold() {
        hidden("base", null);
        visible("leaf", null);

        assertThat(plan().steps()).isEmpty();
        assertThat(plan().refused()).singleElement().satisfies(refusal -> {
            assertThat(refusal.node()).isEqualTo("base");
            assertThat(refusal.reason()).asString().contains("deleteUnknown");
        });
    }

    @Test
    void aNoteOnAnotherFileOfThatNameProvesNothing() {
        hidden("base", null);
        orphans.put("base", new Orphans.Orphan("base", new UUID(4, 4).toString()));

        assertThat(next()).isEmpty();
    }

    @Test
    void aDiskIsNeverGarbage() {
        visible("leaf", null);

        assertThat(next()).isEmpty();
    }

    @Test
    void garbageGoesBeforeMergingAndFromTheLeafDown() {
        hidden("a", null);
        hidden("b", "a");
        visible("leaf", "b");
        hidden("x", null);
        hidden("y", "x");
        orphaned("y");

        assertThat(next())
                .hasValueSatisfying(step -> assertThat(step.node().name()).isEqualTo("y"));
    }

    @Test
    void anOnlyChildIsMergedIntoItsParent() {
        hidden("a", null);
        hidden("b", "a");
        visible("leaf", "b");

        assertThat(next()).hasValueSatisfying(step -> {
            assertThat(step.way()).isEqualTo(Way.PUSH_DOWN);
            assertThat(step.lower().name()).isEqualTo("a");
            assertThat(step.node().name()).isEqualTo("b");
        });
    }

    @Test
    void aNodeWithABrotherIsNotMerged() {
        hidden("a", null);
        hidden("b", "a");
        visible("brother", "a");
        visible("leaf", "b");

        assertThat(mergeOfBaseCopies()).isEmpty();
    }

    @Test
    void aLeafIsMergedIntoItsBaseCopyAfterAllBaseCopies() {
        hidden("a", null);
        String disk = uniqueId("disk") + ".vhd";
        add(uniqueId("disk"), disk, "a", false, 2 * MIB, Node.Doubt.NONE, null);
        hidden("x", null);
        hidden("y", "x");
        visible("y-leaf", "y");

        assertThat(next()).hasValueSatisfying(step -> assertThat(step.way()).isEqualTo(Way.PUSH_DOWN));
        assertThat(without("y", "y-leaf")).hasValueSatisfying(step -> {
            assertThat(step.way()).isEqualTo(Way.DRAIN);
            assertThat(step.node().name()).isEqualTo(disk);
        });
        assertThat(without("y", "y-leaf", disk)).isEmpty();
    }

    @Test
    void aLeafWhoseNameDoesNotTellItsIdKeepsItsFileAndPullsUp() {
        hidden("a", null);
        visible("leaf", "a");

        assertThat(next()).hasValueSatisfying(step -> assertThat(step.way()).isEqualTo(Way.PULL_UP));
    }

    @Test
    void aLeafLargerThanItsBaseCopyPullsUp() {
        hidden("a", null);
        add(uniqueId("disk"), uniqueId("disk") + ".vhd", "a", false, 4 * MIB, Node.Doubt.NONE, null);

        assertThat(next()).hasValueSatisfying(step -> assertThat(step.way()).isEqualTo(Way.PULL_UP));
    }

    @Test
    void aNodeLargerThanItsParentDoesNotShowWhatTheGrandparentHasThere() {
        add("a", null, false, 4 * MIB, Node.Doubt.NONE, null);
        add("b", "a", true, 2 * MIB, Node.Doubt.NONE, null);
        add("c", "b", true, 4 * MIB, Node.Doubt.NONE, null);
        visible("leaf1", "c");
        visible("leaf2", "c");

        assertThat(plan().steps()).isEmpty();
        assertThat(plan().refused()).extracting(GcStatus.Refusal::node).contains("c");
    }

    @Test
    void whatMovesFewerBytesIsChosenAndExplained() {
        hidden("a", null);
        hidden("b", "a");
        visible("leaf1", "b");
        visible("leaf2", "b");
        cost("a", 1, 2);
        cost("b", 1, 2, 3, 4);

        assertThat(next()).hasValueSatisfying(step -> {
            assertThat(step.way()).isEqualTo(Way.PULL_UP);
            assertThat(step.bytesToMove()).as("all blocks of a are hidden by b").isLessThan(BLOCK);
            assertThat(step.bytesFreed()).isGreaterThan(BLOCK);
            assertThat(step.reason()).contains("pushing down would move " + 4 * BLOCK);
        });
    }

    @Test
    void baseCopiesInARowArePushedDownTogether() {
        hidden("a", null);
        hidden("b", "a");
        hidden("c", "b");
        hidden("d", "c");
        visible("leaf1", "d");
        visible("leaf2", "d");
        cost("a", 1, 2, 3, 4, 5);
        cost("b", 6, 7, 8);
        cost("c", 6, 9);
        cost("d", 6);

        assertThat(plan().steps()).hasSize(1);
        assertThat(next()).hasValueSatisfying(step -> {
            assertThat(step.files()).containsExactly("d", "c", "b", "a");
            assertThat(step.bytesToMove()).as("all three hold block 6").isEqualTo(4 * BLOCK);
        });
    }

    @Test
    void whatDoesNotFitIsRefusedAndTheMissingBytesAreTold() {
        hidden("a", null);
        hidden("b", "a");
        visible("leaf1", "b");
        visible("leaf2", "b");
        cost("a", 1, 2, 3, 4);
        cost("b", 5, 6, 7);
        freeBytes = BLOCK;

        assertThat(plan().steps()).isEmpty();
        assertThat(plan().refused())
                .singleElement()
                .satisfies(refusal ->
                        assertThat(refusal.reason()).asString().contains((3 * BLOCK - freeBytes) + " more are needed"));
    }

    @Test
    void whenSpaceIsShortWhatFreesMostForWhatItNeedsGoesFirst() {
        for (String tree : List.of("t1", "t2", "t3")) {
            hidden(tree + "a", null);
            hidden(tree + "b", tree + "a");
            visible(tree + "leaf1", tree + "b");
            visible(tree + "leaf2", tree + "b");
            cost(tree + "a", 1, 2, 3, 4, 5, 6, 7, 8, 9);
        }
        cost("t1b", 11, 12, 13, 14, 15, 16);
        cost("t2b", 1, 11, 12);
        cost("t3b", 1, 2, 11);
        freeBytes = 5 * BLOCK;

        assertThat(plan().steps()).extracting(step -> step.node().name()).containsExactly("t3b", "t2b");
    }

    @Test
    void aBaseCopyThatADamagedFileNamesIsNotChanged() {
        hidden("a", null);
        hidden("b", "a");
        visible("leaf", "b");
        add("damaged", null, false, MIB, new Node.Doubt(false, uniqueId("a")), "no valid footer");

        assertThat(mergeOfBaseCopies()).isEmpty();
    }

    @Test
    void nothingIsMergedIntoADiskThatUsersSee() {
        visible("a", null);
        hidden("b", "a");
        visible("leaf", "b");

        assertThat(mergeOfBaseCopies()).isEmpty();
    }

    @Test
    void theDeepestChainIsMergedFirst() {
        hidden("a", null);
        hidden("b", "a");
        visible("b-leaf", "b");
        hidden("p", null);
        hidden("q", "p");
        hidden("r", "q");
        visible("r-leaf1", "r");
        visible("r-leaf2", "r");

        assertThat(next())
                .hasValueSatisfying(step -> assertThat(step.node().name()).isIn("q", "r"));
    }

    @Test
    void whatWasSetAsideIsNotTriedAgain() {
        hidden("a", null);
        hidden("b", "a");
        visible("leaf", "b");

        assertThat(mergeOfBaseCopies("b")).isEmpty();
    }

    @Test
    void aBaseCopyThatADamagedFileMayNeedIsKept() {
        hidden("base", null);
        orphaned("base");
        add("damaged", null, false, MIB, Node.Doubt.ANY, "no valid footer");

        assertThat(next()).isEmpty();
    }

    @Test
    void aBaseCopyThatADamagedFileNamesIsKeptAndOthersGo() {
        hidden("needed", null);
        hidden("other", null);
        orphaned("needed");
        orphaned("other");
        add("damaged", null, false, MIB, new Node.Doubt(false, uniqueId("needed")), "no valid footer");

        assertThat(next())
                .hasValueSatisfying(step -> assertThat(step.node().name()).isEqualTo("other"));
    }

    /** Somebody may make one as long as an SR may have files. */
    @Test
    void aChainOfManyIsPlannedAsOneOfFew() {
        int length = 20_000;
        hidden("n0", null);
        for (int i = 1; i < length; i++) {
            hidden("n" + i, "n" + (i - 1));
        }
        visible("leaf", "n" + (length - 1));

        GcPlan plan = assertTimeoutPreemptively(Duration.ofSeconds(60), () -> plan());

        assertThat(plan.steps().stream().mapToInt(step -> step.pushed().size()).sum())
                .isGreaterThanOrEqualTo(length - 1);
    }

    private Optional<GcStep> next() {
        return without();
    }

    private Optional<GcStep> without(String... refused) {
        return plan(refused).steps().stream().findFirst();
    }

    private Optional<GcStep> mergeOfBaseCopies(String... refused) {
        return plan(refused).steps().stream()
                .filter(step -> step.node().hidden())
                .findFirst();
    }

    private GcPlan plan(String... refused) {
        Tree tree = new Tree(nodes).withOrphans(orphans);
        return GcPlanner.plan(tree, new Circumstances(Set.of(refused)));
    }

    /** Notes that an operation took away what built on a node. */
    private void orphaned(String name) {
        orphans.put(name, new Orphans.Orphan(name, uniqueId(name).toString()));
    }

    /** Costs that the test chooses; a node of which it says nothing takes little. */
    private final class Circumstances implements GcCircumstances {
        private final Set<String> refused;

        Circumstances(Set<String> refused) {
            this.refused = refused;
        }

        @Override
        public NodeCost cost(Node node) {
            return costs.getOrDefault(node.name(), blocks(1000 + node.name().hashCode() % 1000));
        }

        @Override
        public Optional<String> refusal(Node node) {
            return refused.contains(node.name()) ? Optional.of("refused by the test") : Optional.empty();
        }

        @Override
        public long freeBytes() {
            return freeBytes;
        }
    }

    /** Returns what a file takes that holds these blocks whole. */
    private static NodeCost blocks(int... blocks) {
        BitSet set = new BitSet();
        IntStream.of(blocks).forEach(set::set);
        return new NodeCost(blocks.length * BLOCK, set, BLOCK, 0);
    }

    private void cost(String node, int... blocks) {
        costs.put(node, blocks(blocks));
    }

    private void hidden(String name, @Nullable String parent) {
        add(name, parent, true, 2 * MIB, Node.Doubt.NONE, null);
    }

    private void visible(String name, @Nullable String parent) {
        add(name, parent, false, 2 * MIB, Node.Doubt.NONE, null);
    }

    private void add(
            String name,
            @Nullable String parent,
            boolean hidden,
            long sizeBytes,
            Node.Doubt doubt,
            @Nullable String problem) {
        add(uniqueId(name), name, parent, hidden, sizeBytes, doubt, problem);
    }

    private void add(
            UUID id,
            String name,
            @Nullable String parent,
            boolean hidden,
            long sizeBytes,
            Node.Doubt doubt,
            @Nullable String problem) {
        DiskType type = parent == null ? DiskType.DYNAMIC : DiskType.DIFFERENCING;
        Footer footer = Footer.of(type, sizeBytes, id, 0).withHidden(hidden);
        DynamicHeader header = DynamicHeader.dynamic(1536, 1, 2 << 20);
        ChainFile file = new ChainFile(name, new VhdHeaders(footer, header, 0, true), sizeBytes);
        nodes.add(new Node(new VdiId(id), name, problem == null ? file : null, parent, doubt, problem));
    }

    private static UUID uniqueId(String name) {
        return UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8));
    }
}
