package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.VdiId;
import io.catena.format.DiskType;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.vhd.ChainFile;
import io.catena.vhd.VhdHeaders;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GcPlannerTest {
    private static final long MIB = 1 << 20;

    private final List<Node> nodes = new ArrayList<>();

    @Test
    void nothingIsLeftToDoInAnEmptySr() {
        assertThat(next()).isEmpty();
    }

    @Test
    void aBaseCopyThatNothingBuildsOnIsDeleted() {
        hidden("base", null);
        visible("leaf", null);

        assertThat(next()).hasValueSatisfying(step -> {
            assertThat(step).isInstanceOf(GcStep.Delete.class);
            assertThat(step.node().name()).isEqualTo("base");
        });
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

        assertThat(next())
                .hasValueSatisfying(step -> assertThat(step.node().name()).isEqualTo("y"));
    }

    @Test
    void anOnlyChildIsMergedIntoItsParent() {
        hidden("a", null);
        hidden("b", "a");
        visible("leaf", "b");

        assertThat(next()).hasValueSatisfying(step -> {
            assertThat(step).isInstanceOf(GcStep.PushDown.class);
            assertThat(((GcStep.PushDown) step).parent().name()).isEqualTo("a");
            assertThat(step.node().name()).isEqualTo("b");
        });
    }

    @Test
    void aNodeWithABrotherIsNotMerged() {
        hidden("a", null);
        hidden("b", "a");
        visible("brother", "a");
        visible("leaf", "b");

        assertThat(next()).isEmpty();
    }

    @Test
    void aLeafIsMergedIntoItsBaseCopyAfterAllBaseCopies() {
        hidden("a", null);
        String disk = uniqueId("disk") + ".vhd";
        add(uniqueId("disk"), disk, "a", false, 2 * MIB, Node.Doubt.NONE, null);
        hidden("x", null);
        hidden("y", "x");
        visible("y-leaf", "y");

        assertThat(next()).hasValueSatisfying(step -> assertThat(step).isInstanceOf(GcStep.PushDown.class));
        assertThat(GcPlanner.next(new Tree(nodes), Set.of("y"))).hasValueSatisfying(step -> {
            assertThat(step).isInstanceOf(GcStep.Absorb.class);
            assertThat(step.node().name()).isEqualTo(disk);
        });
        assertThat(GcPlanner.next(new Tree(nodes), Set.of("y", disk))).isEmpty();
    }

    @Test
    void aLeafWhoseNameDoesNotTellItsIdKeepsItsFile() {
        hidden("a", null);
        visible("leaf", "a");

        assertThat(next()).isEmpty();
    }

    @Test
    void aLeafLargerThanItsBaseCopyIsNotMerged() {
        hidden("a", null);
        add(uniqueId("disk"), uniqueId("disk") + ".vhd", "a", false, 4 * MIB, Node.Doubt.NONE, null);

        assertThat(next()).isEmpty();
    }

    @Test
    void aBaseCopyThatADamagedFileNamesIsNotChanged() {
        hidden("a", null);
        hidden("b", "a");
        visible("leaf", "b");
        add("damaged", null, false, MIB, new Node.Doubt(false, uniqueId("a")), "no valid footer");

        assertThat(next()).isEmpty();
    }

    @Test
    void nothingIsMergedIntoADiskThatUsersSee() {
        visible("a", null);
        hidden("b", "a");
        visible("leaf", "b");

        assertThat(next()).isEmpty();
    }

    @Test
    void aNodeLargerThanItsParentIsNotMerged() {
        add("a", null, true, 2 * MIB, Node.Doubt.NONE, null);
        add("b", "a", true, 4 * MIB, Node.Doubt.NONE, null);
        visible("leaf", "b");

        assertThat(next()).isEmpty();
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

        assertThat(GcPlanner.next(new Tree(nodes), Set.of("b"))).isEmpty();
    }

    @Test
    void aBaseCopyThatADamagedFileMayNeedIsKept() {
        hidden("base", null);
        add("damaged", null, false, MIB, Node.Doubt.ANY, "no valid footer");

        assertThat(next()).isEmpty();
    }

    @Test
    void aBaseCopyThatADamagedFileNamesIsKeptAndOthersGo() {
        hidden("needed", null);
        hidden("other", null);
        add("damaged", null, false, MIB, new Node.Doubt(false, uniqueId("needed")), "no valid footer");

        assertThat(next())
                .hasValueSatisfying(step -> assertThat(step.node().name()).isEqualTo("other"));
    }

    private Optional<GcStep> next() {
        return GcPlanner.next(new Tree(nodes), Set.of());
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
