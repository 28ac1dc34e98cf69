/**
 * SRs whose place has to be mounted before it can be used: file servers and block devices. {@link
 * io.catena.agent.mount.SrType} knows what is to be mounted, {@link io.catena.agent.mount.Mounts} mounts it, and {@link
 * io.catena.agent.mount.MountingHost} does both at the right moments for a host that knows only directories.
 *
 * <p>What may never return, because a file server is away, is done by programs or threads of their own, with a limit for both.
 */
@NullMarked
package io.catena.agent.mount;

import org.jspecify.annotations.NullMarked;
