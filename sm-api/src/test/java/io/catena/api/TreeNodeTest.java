package io.catena.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class TreeNodeTest {
    private static ChainNode node(int number, int parent) {
        return new ChainNode(
                new VdiId(new UUID(1, number)),
                "n" + number,
                parent < 0 ? null : "n" + parent,
                1,
                0,
                "",
                0,
                0,
                false,
                number == 0 ? "base copy" : "");
    }

    private static List<ChainNode> chain(int length) {
        List<ChainNode> nodes = new ArrayList<>();
        for (int i = 0; i < length; i++) {
            nodes.add(node(i, i - 1));
        }
        return nodes;
    }

    /** A node, and how deep it is nested. */
    private record Shown(TreeNode node, int level) {}

    /** Returns all nodes by their files, of which each is there once. */
    private static Map<String, Shown> all(List<TreeNode> roots) {
        Map<String, Shown> all = new HashMap<>();
        Deque<Shown> open = new ArrayDeque<>();
        roots.forEach(root -> open.push(new Shown(root, 1)));
        while (!open.isEmpty()) {
            Shown next = open.pop();
            assertThat(all.put(next.node.file(), next))
                    .as("another " + next.node.file())
                    .isNull();
            next.node.children().forEach(child -> open.push(new Shown(child, next.level + 1)));
        }
        return all;
    }

    @Test
    void whatBuildsOnANodeIsBelowIt() {
        List<TreeNode> roots = TreeNode.of(List.of(node(0, -1), node(4, -1), node(1, 0), node(2, 0), node(3, 2)));

        assertThat(roots).extracting(TreeNode::file).containsExactly("n0", "n4");
        assertThat(roots.get(0).note()).isEqualTo("base copy");
        assertThat(roots.get(0).children()).extracting(TreeNode::file).containsExactly("n1", "n2");
        assertThat(roots.get(0).children().get(1).children().get(0).file()).isEqualTo("n3");
    }

    @Test
    void aChainOfUsualLengthIsShownAsOne() {
        List<TreeNode> roots = TreeNode.of(chain(Nesting.MOST_NESTED));

        assertThat(roots).hasSize(1);
        assertThat(all(roots)).hasSize(Nesting.MOST_NESTED);
    }

    /** As long as an SR may have files. */
    @Test
    void aLongerOneIsShownInPiecesThatReadersCanTake() {
        int length = 100_000;
        List<TreeNode> roots = TreeNode.of(chain(length));

        Map<String, Shown> all = all(roots);
        assertThat(all).hasSize(length);
        assertThat(all.values()).allMatch(shown -> shown.level <= Nesting.MOST_NESTED);
        assertThat(roots).hasSize(length / Nesting.MOST_NESTED);
        assertThat(roots.get(1).file()).isEqualTo("n100");
        assertThat(roots.get(1).note()).isEqualTo("builds on n99");
        assertThat(all.get("n99")).isNotNull().satisfies(last -> {
            assertThat(last.node.note()).isEqualTo("shown apart: n100 on it");
            assertThat(last.node.children()).isEmpty();
        });
    }

    @Test
    void ofManyThatAreShownApartSomeAreNamed() {
        List<ChainNode> nodes = chain(Nesting.MOST_NESTED);
        for (int i = 0; i < 5; i++) {
            nodes.add(node(Nesting.MOST_NESTED + i, Nesting.MOST_NESTED - 1));
        }

        Map<String, Shown> all = all(TreeNode.of(nodes));

        assertThat(all.get("n99"))
                .isNotNull()
                .extracting(last -> last.node.note())
                .isEqualTo("shown apart: n100, n101, n102 and 2 more on it");
    }
}
