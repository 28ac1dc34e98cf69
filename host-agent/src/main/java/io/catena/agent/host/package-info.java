/**
 * The storage repositories of this host, and what is remembered of them between two lives of the agent.
 *
 * <p>Names: an {@link io.catena.agent.host.AttachedSr} is an SR that is attached, with all that has to be let go of when it is
 * detached. A {@link io.catena.agent.host.HeldSr} stands before it for all who use it: it keeps it from being detached under an
 * operation, and has the host remember who attached which disk. Below is an {@code OpenSr} of the driver, which is one SR's
 * files, tree and work. An {@link io.catena.api.SrUse} tells what a detach by force would end, or has ended.
 */
@NullMarked
package io.catena.agent.host;

import org.jspecify.annotations.NullMarked;
