/** Files that an agent keeps for itself, whole after a crash at any moment, and the thread that looks after them. */
@NullMarked
package io.catena.agent.state;

import org.jspecify.annotations.NullMarked;
