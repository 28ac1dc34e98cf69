/**
 * Mirrors of disks that are in use: what is written goes to a copy as well, while the rest is copied beside.
 *
 * <p>A {@link io.catena.agent.mirror.MirroredDisk} stands between every disk and its exports. While there is a {@link
 * io.catena.agent.mirror.Mirror} of it, that has each change made by the disk and then by the copy, and a thread of a job copies
 * what is missing. Whatever happens to the copy is no concern of who uses the disk: what does not arrive there is missing
 * again, and is copied when the copy can be reached.
 */
@NullMarked
package io.catena.agent.mirror;

import org.jspecify.annotations.NullMarked;
