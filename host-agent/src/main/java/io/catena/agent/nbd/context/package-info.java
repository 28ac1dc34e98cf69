/** Metadata contexts: what a client of NBD may ask about ranges of a disk, by block status. */
@NullMarked
package io.catena.agent.nbd.context;

import org.jspecify.annotations.NullMarked;
