/**
 * An SR from its attach to its detach: recovery, what is told of it, its check and its health.
 *
 * <p>Names: an {@link io.catena.sr.open.OpenSr} is an SR that this agent has: its files, its tree, what is active, and its garbage
 * collection. {@link io.catena.sr.VhdRepository} says with it what a front end may ask for. An {@link io.catena.sr.open.SrView}
 * finds disks for operations, under the lock of the tree; {@link io.catena.sr.open.SrLooks} tells of the SR without it.
 */
@NullMarked
package io.catena.sr.open;

import org.jspecify.annotations.NullMarked;
