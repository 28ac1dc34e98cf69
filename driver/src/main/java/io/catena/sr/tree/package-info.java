/**
 * The nodes of an SR and which builds on which: looking at files, the locks under which the tree changes, how
 * operations happen, what depth allows, which nodes can become one.
 */
@NullMarked
package io.catena.sr.tree;

import org.jspecify.annotations.NullMarked;
