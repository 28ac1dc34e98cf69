package io.catena.sr;

/** One thing that garbage collection may do next. */
sealed interface GcStep {
    /** The node that is gone afterwards, in {@link Absorb} but for its name. */
    Node node();

    /** Deletes a base copy that nothing builds on. */
    record Delete(Node node) implements GcStep {}

    /** Copies what {@code node} holds into its parent, which nothing else builds on, and takes it out of the tree. */
    record PushDown(Node node, Node parent) implements GcStep {}

    /** Copies what the leaf {@code node} holds into its parent, which nothing else builds on and which takes its place. */
    record Absorb(Node node, Node parent) implements GcStep {}
}
