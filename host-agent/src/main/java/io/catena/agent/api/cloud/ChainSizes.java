package io.catena.agent.api.cloud;

import io.catena.api.ChainNode;
import io.catena.api.VdiId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** What the chains of disks take: a snapshot does not change it, what a guest writes for the first time after one does. */
final class ChainSizes {
    private ChainSizes() {}

    /**
     * Returns what the nodes of each disk's chain take, also those that it shares.
     *
     * @param nodes each after the one that it builds on
     */
    static SortedMap<VdiId, Long> of(List<ChainNode> nodes) {
        SortedMap<VdiId, Long> sizes = new TreeMap<>();
        Map<String, Long> byFile = new HashMap<>();
        for (ChainNode node : nodes) {
            long below = node.parent() == null ? 0 : byFile.getOrDefault(node.parent(), 0L);
            long bytes = below + node.physicalBytes();
            byFile.put(node.file(), bytes);
            if (!node.hidden() && node.id() != null) {
                sizes.put(node.id(), bytes);
            }
        }
        return sizes;
    }
}
