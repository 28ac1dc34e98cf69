package io.catena.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A node of an SR with all that builds on it: for people to look at. Nodes are nested a hundred deep at most; what builds on one there
 * is a root of its own, whose note says so.
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
}
