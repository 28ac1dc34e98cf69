/** SRs that several hosts may reach, of which one has each at a time: who, how that is kept, and how another takes over. */
@NullMarked
package io.catena.agent.cluster;

import org.jspecify.annotations.NullMarked;
