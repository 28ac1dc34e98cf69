package io.catena.api;

import org.jspecify.annotations.Nullable;

/**
 * A file of a chain, and what it builds on. Where they are listed each comes after the one that it builds on, so that whoever needs
 * what is below a node meets that first, however long chains are.
 *
 * @param id the id of the VDI or base copy; null for a file that is looked at outside an SR
 * @param file relative to the SR's directory; no other node has it
 * @param parent the file that it builds on; null if there is none among these, or if its parents lead in a circle, of which one node
 *     is without
 * @param depth number of nodes from it to its root; a parent outside the SR counts as one
 * @param children number of nodes whose parent this is
 * @param name the VDI's name; empty for a base copy
 * @param note what is to be said of it: "base copy", "garbage", "attached rw", a problem
 */
public record ChainNode(
        @Nullable VdiId id,
        String file,
        @Nullable String parent,
        int depth,
        int children,
        String name,
        long virtualSizeBytes,
        long physicalBytes,
        boolean hidden,
        String note) {}
