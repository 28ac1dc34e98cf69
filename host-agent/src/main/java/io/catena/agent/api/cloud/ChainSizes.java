package io.catena.agent.api.cloud;

import io.catena.api.TreeNode;
import io.catena.api.VdiId;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** What the chains of disks take: a snapshot does not change it, what a guest writes for the first time after one does. */
final class ChainSizes {
    private ChainSizes() {}

    private record Open(TreeNode node, long below) {}

    /** Returns what the nodes of each disk's chain take, also those that it shares. */
    static SortedMap<VdiId, Long> of(List<TreeNode> roots) {
        SortedMap<VdiId, Long> sizes = new TreeMap<>();
        Deque<Open> open = new ArrayDeque<>();
        roots.forEach(root -> open.push(new Open(root, 0)));
        while (!open.isEmpty()) {
            Open next = open.pop();
            long bytes = next.below + next.node.physicalBytes();
            if (!next.node.hidden() && next.node.id() != null) {
                sizes.put(next.node.id(), bytes);
            }
            next.node.children().forEach(child -> open.push(new Open(child, bytes)));
        }
        return sizes;
    }
}
