/** A disk as a file: serves one {@link io.catena.disk.BlockDevice} to the kernel through FUSE. */
@NullMarked
package io.catena.agent.fuse;

import org.jspecify.annotations.NullMarked;
