/**
 * Hosts that reach an SR through the one that has it: how they forward what is asked of them, how the disks of their guests
 * outlive that host, and what the host that has the SR does for them.
 *
 * <p><b>An operation at a follower:</b> {@link PoolSr}, {@link FollowerRepository}, {@link HolderCalls}, {@link PeerClient}; at the
 * host that has the SR {@link Pool}, {@link PeerOperations}, {@link Holding}.
 *
 * <p><b>An activation:</b> {@link FollowerRepository}, {@link FollowedDisks}, {@link HolderDisks}, {@link LocalService}.
 *
 * <p><b>A guest's request:</b> {@link io.catena.agent.follow.keep.KeepingDevice}, {@link HolderDisk}, {@link io.catena.agent.nbd.client.RemoteDisk}; at the host that
 * has the SR {@link TurnDevice}.
 *
 * <p><b>A loss:</b> {@link Following} sees it, {@link LocalService} has the requests wait, {@link FollowedDisks} connects again to
 * the next host, or {@link PoolSr} takes the SR and {@link TakenDisks} gives the guests the disks themselves.
 */
@NullMarked
package io.catena.agent.follow;

import org.jspecify.annotations.NullMarked;
