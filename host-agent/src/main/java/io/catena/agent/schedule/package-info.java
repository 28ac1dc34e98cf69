/** Snapshots that the agent takes by itself, and deletes again: what is kept, asked and done. */
@NullMarked
package io.catena.agent.schedule;

import org.jspecify.annotations.NullMarked;
