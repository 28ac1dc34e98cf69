package io.catena.sr.gc.plan;

import io.catena.sr.tree.Node;
import java.io.IOException;
import java.util.Optional;

/** What {@link GcPlanner} has to know beyond the tree. */
interface GcCircumstances {
    /** Returns what a node takes. */
    NodeCost cost(Node node) throws IOException;

    /** Returns why a node must not be merged with its parent, for a reason that the tree does not tell. */
    Optional<String> refusal(Node node);

    /** Returns how many bytes merging may take on the file system. */
    long freeBytes();
}
