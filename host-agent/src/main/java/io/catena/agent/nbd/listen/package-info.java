/** Sockets on which clients come in. */
@NullMarked
package io.catena.agent.nbd.listen;

import org.jspecify.annotations.NullMarked;
