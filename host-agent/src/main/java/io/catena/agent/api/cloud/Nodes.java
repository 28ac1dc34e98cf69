package io.catena.agent.api.cloud;

import io.catena.agent.remedy.ApiWords;
import io.catena.api.ChainNode;
import io.catena.api.GcStatus;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The chains of an SR as a flat list, for a page that shows ten thousand nodes; joined with what merging has to say. */
final class Nodes {
    private Nodes() {}

    /**
     * One file.
     *
     * @param id the VDI's or base copy's; the file's name if it is none
     * @param parent the id of the node that it builds on
     * @param depth number of nodes to the root of its chain; a parent outside the SR counts as one
     * @param children number of nodes that build on it
     * @param merge what collection has with it: "planned", "running", "set-aside" or "refused"; null if nothing
     * @param why what is to be said of that
     * @param frees how much space that gives back; 0 if nobody can tell
     * @param snapshotOf the id of the disk that it is a snapshot of; null if it is none
     * @param keys the disk's labels; null if it has none
     */
    record Node(
            String id,
            @Nullable String parent,
            String file,
            String name,
            long virtualSizeBytes,
            long physicalBytes,
            boolean hidden,
            String note,
            int depth,
            int children,
            @Nullable String merge,
            @Nullable String why,
            long frees,
            @Nullable String snapshotOf,
            @Nullable Map<String, String> keys)
            implements Listed {}

    private record Merge(String state, String why, long frees) {}

    static List<Node> of(List<ChainNode> chains, GcStatus status, List<Vdi> vdis) {
        Map<String, Merge> merges = merges(status);
        Map<VdiId, Vdi> disks =
                vdis.stream().collect(Collectors.toMap(Vdi::vdi, Function.identity(), (one, other) -> one));
        Map<String, String> ids = new HashMap<>();
        List<Node> nodes = new ArrayList<>();
        for (ChainNode node : chains) {
            String id = id(node);
            ids.put(node.file(), id);
            String parent = node.parent() == null ? null : ids.get(node.parent());
            nodes.add(node(node, id, parent, merges.get(id), node.id() == null ? null : disks.get(node.id())));
        }
        return nodes;
    }

    private static Node node(
            ChainNode node, String id, @Nullable String parent, @Nullable Merge merge, @Nullable Vdi disk) {
        return new Node(
                id,
                parent,
                node.file(),
                node.name(),
                node.virtualSizeBytes(),
                node.physicalBytes(),
                node.hidden(),
                node.note(),
                node.depth(),
                node.children(),
                merge == null ? null : merge.state,
                merge == null ? null : merge.why,
                merge == null ? 0 : merge.frees,
                disk == null || disk.snapshotOf() == null
                        ? null
                        : disk.snapshotOf().toString(),
                disk == null || disk.keys().isEmpty() ? null : disk.keys());
    }

    private static String id(ChainNode node) {
        return node.id() == null ? stem(node.file()) : node.id().toString();
    }

    private static String stem(String file) {
        int dot = file.lastIndexOf('.');
        return dot < 0 ? file : file.substring(0, dot);
    }

    /** By the node's id, whether the status tells of files or of ids. */
    private static Map<String, Merge> merges(GcStatus status) {
        Map<String, Merge> merges = new HashMap<>();
        status.refused().forEach(r -> merges.put(stem(r.node()), new Merge("refused", ApiWords.of(r.reason()), 0)));
        status.plan()
                .forEach(step -> merges.put(
                        stem(step.node()),
                        new Merge(step.running() ? "running" : "planned", step.reason(), step.bytesFreed())));
        status.setAside().forEach(s -> merges.put(stem(s.node()), new Merge("set-aside", s.reason(), 0)));
        return merges;
    }
}
