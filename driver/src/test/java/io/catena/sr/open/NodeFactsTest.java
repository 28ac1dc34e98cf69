package io.catena.sr.open;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.catena.api.VdiId;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class NodeFactsTest {
    private static Node node(int number, int parent, @Nullable String problem) {
        return new Node(
                new VdiId(new UUID(1, number)),
                number + ".vhd",
                null,
                parent < 0 ? null : parent + ".vhd",
                Node.Doubt.NONE,
                problem);
    }

    private static boolean isInCircle(Tree tree, Node node) {
        return tree.parent(node)
                .filter(parent -> tree.chain(parent).contains(node))
                .isPresent();
    }

    /** Chains, circles and what hangs on them, as anybody can make them. */
    @Test
    void theySayWhatALookAtEachNodeSays() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            int count = 1 + random.nextInt(12);
            List<Node> nodes = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                nodes.add(node(i, random.nextInt(count + 2) - 1, random.nextInt(8) == 0 ? i + " is bad" : null));
            }
            Tree tree = new Tree(nodes);
            NodeFacts facts = new NodeFacts(tree);
            for (Node node : nodes) {
                NodeFacts.Fact found = facts.of(node);
                NodeFacts.Fact expected = NodeFacts.of(tree, node);
                assertThat(found.depth()).as("depth of %s, seed %s", node, seed).isEqualTo(expected.depth());
                assertThat(found.parent()).isEqualTo(expected.parent());
                assertThat(found.isParent()).isEqualTo(expected.isParent());
                assertThat(found.problem() == null).as("seed %s", seed).isEqualTo(expected.problem() == null);
                boolean isWrong = node.problem() != null || isInCircle(tree, node);
                assertThat(facts.ownProblem(node).isPresent()).isEqualTo(isWrong);
            }
        }
    }

    @Test
    void aCircleOfManyTakesNoTime() {
        int count = 50_000;
        List<Node> nodes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            nodes.add(node(i, (i + 1) % count, null));
        }
        Tree tree = new Tree(nodes);

        NodeFacts facts = assertTimeoutPreemptively(Duration.ofSeconds(20), () -> new NodeFacts(tree));

        assertThat(nodes).allMatch(node -> facts.of(node).depth() == count + 1);
        assertThat(facts.ownProblem(nodes.get(7))).hasValue("7.vhd: its parents lead in a circle through 7.vhd");
    }
}
