/**
 * The nodes of an SR and which builds on which: looking at files, the lock under which the tree changes, what depth
 * allows, which nodes can become one.
 */
@NullMarked
package io.catena.sr.tree;

import org.jspecify.annotations.NullMarked;
