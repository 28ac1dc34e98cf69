/** Serves disks by the network block device protocol. */
@NullMarked
package io.catena.agent.nbd;

import org.jspecify.annotations.NullMarked;
