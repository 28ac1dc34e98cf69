/**
 * Garbage collection: what is planned, when it runs, and the ways to merge nodes.
 *
 * <p>More than 25 classes, since all ways to merge share what takes a node out of the tree, which nobody else may do.
 */
@NullMarked
package io.catena.sr.gc;

import org.jspecify.annotations.NullMarked;
