/** The memory of all connections: aligned buffers, of which each connection has a share. */
@NullMarked
package io.catena.agent.nbd.buffer;

import org.jspecify.annotations.NullMarked;
