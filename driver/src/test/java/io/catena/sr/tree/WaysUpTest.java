package io.catena.sr.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.catena.api.VdiId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class WaysUpTest {
    private static final int MANY = 100_000;
    private static final Duration DEADLINE = Duration.ofMinutes(2);

    private static Node node(int number, int parent, @Nullable String problem, boolean hidden) {
        return new Node(
                new VdiId(new UUID(1, number)),
                number + ".vhd",
                null,
                parent < 0 ? null : parent + ".vhd",
                Node.Doubt.NONE,
                problem,
                hidden);
    }

    /** What a walk from one node to its root finds. */
    private static final class Walk {
        private final Set<String> seen = new LinkedHashSet<>();
        private int depth = 1;
        private @Nullable String problem;
        private String root = "";
        private boolean isCircle;

        Walk(Tree tree, Node start) {
            @Nullable Node at = start;
            while (at != null && seen.add(at.name())) {
                root = at.name();
                problem = problem == null ? at.problem() : problem;
                depth += at.parent() == null ? 0 : 1;
                @Nullable Node parent = tree.parent(at).orElse(null);
                isCircle = parent != null && seen.contains(parent.name());
                at = parent;
            }
        }
    }

    /** Chains, circles and what hangs on them, as anybody can make them; parents that are not there, too. */
    @Test
    void theyTellWhatAWalkFromEachNodeTells() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            int count = 1 + random.nextInt(12);
            List<Node> nodes = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                nodes.add(node(i, random.nextInt(count + 2) - 1, random.nextInt(8) == 0 ? i + " is bad" : null, false));
            }
            Tree tree = new Tree(nodes);
            for (Node node : nodes) {
                Walk walk = new Walk(tree, node);
                assertThat(tree.depth(node))
                        .as("depth of %s, seed %s", node, seed)
                        .isEqualTo(walk.depth);
                boolean isWrong = walk.problem != null || walk.isCircle;
                assertThat(tree.problem(node).isPresent()).as("seed %s", seed).isEqualTo(isWrong);
                boolean isInCircle = tree.parent(node)
                        .filter(parent -> new Walk(tree, parent).seen.contains(node.name()))
                        .isPresent();
                assertThat(tree.ownProblem(node).isPresent()).isEqualTo(node.problem() != null || isInCircle);
                if (!walk.isCircle) {
                    assertThat(tree.root(node)).isEqualTo(walk.root);
                    assertThat(tree.problem(node).orElse(null)).isEqualTo(walk.problem);
                }
            }
        }
    }

    @Test
    void aCircleOfManyTakesNoTime() {
        List<Node> nodes = new ArrayList<>();
        for (int i = 0; i < MANY; i++) {
            nodes.add(node(i, (i + 1) % MANY, null, false));
        }
        Tree tree = new Tree(nodes);

        assertTimeoutPreemptively(DEADLINE, () -> assertThat(nodes).allMatch(node -> tree.depth(node) == MANY + 1));
        assertThat(tree.ownProblem(nodes.get(7))).hasValue("7.vhd: its parents lead in a circle through 7.vhd");
    }

    /** Neither the stack nor the time of whoever looks ends with a chain that somebody made as long as an SR may have files. */
    @Test
    void aChainOfManyTakesNoTime() {
        List<Node> nodes = new ArrayList<>();
        for (int i = 0; i < MANY; i++) {
            nodes.add(node(i, i - 1, i == 0 ? "0.vhd is bad" : null, i < MANY - 1));
        }
        Tree tree = new Tree(nodes);
        ChainBudget budget = new ChainBudget("sr", 255, 204);
        Node leaf = nodes.get(MANY - 1);

        assertTimeoutPreemptively(DEADLINE, () -> {
            assertThat(tree.depth(leaf)).isEqualTo(MANY);
            assertThat(tree.problem(leaf)).hasValue("0.vhd is bad");
            assertThat(nodes).allMatch(node -> tree.root(node).equals("0.vhd"));
            assertThat(budget.warning(tree, leaf)).isPresent();
        });
    }
}
