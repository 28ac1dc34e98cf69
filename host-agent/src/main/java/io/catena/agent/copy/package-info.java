/** Copies of disks to the agents of other hosts, over their HTTP API. */
@NullMarked
package io.catena.agent.copy;

import org.jspecify.annotations.NullMarked;
