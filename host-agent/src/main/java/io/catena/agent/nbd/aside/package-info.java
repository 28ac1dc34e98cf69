/** Which requests of a connection threads work on that are not its own. */
@NullMarked
package io.catena.agent.nbd.aside;

import org.jspecify.annotations.NullMarked;
