package io.catena.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A node of an SR with all that builds on it: for people to look at. Nodes are nested a hundred deep at most; what builds on one there
 * is a root of its own; the notes of both say so. Programs that need to know what a node builds on take {@link ChainNode}s.
 *
 * @param id the id of the VDI or base copy
 * @param file relative to the SR's directory
 * @param name the VDI's name; empty for a base copy
 * @param note what is to be said of it: "base copy", "garbage", "attached rw", a problem
 */
public record TreeNode(
        @Nullable VdiId id,
        String file,
        String name,
        long virtualSizeBytes,
        long physicalBytes,
        boolean hidden,
        String note,
        List<TreeNode> children) {
    public TreeNode {
        children = List.copyOf(children);
    }

    /**
     * Returns the roots of trees of these nodes.
     *
     * @param nodes each after the one that it builds on
     */
    public static List<TreeNode> of(List<ChainNode> nodes) {
        return Nesting.of(nodes);
    }
}
