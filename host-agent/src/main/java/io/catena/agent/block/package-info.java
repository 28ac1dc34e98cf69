/** Disks as block devices of this host. */
@NullMarked
package io.catena.agent.block;

import org.jspecify.annotations.NullMarked;
