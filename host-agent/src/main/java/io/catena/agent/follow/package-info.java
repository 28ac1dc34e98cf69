/**
 * Hosts that reach an SR through the one that has it: how they forward what is asked of them, how the disks of their guests
 * outlive that host, and what the host that has the SR does for them.
 */
@NullMarked
package io.catena.agent.follow;

import org.jspecify.annotations.NullMarked;
