/** A small client of the network block device protocol, for what the agent itself does with a disk. */
@NullMarked
package io.catena.agent.nbd.client;

import org.jspecify.annotations.NullMarked;
