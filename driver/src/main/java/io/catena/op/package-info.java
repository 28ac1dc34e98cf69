/**
 * The control plane's verbs: changes of the tree of nodes that complete or never happened, whatever interrupts them.
 *
 * <p>Each is a list of steps that may be repeated. The journal holds the operation before its first step is taken;
 * recovery runs it again.
 */
@NullMarked
package io.catena.op;

import org.jspecify.annotations.NullMarked;
