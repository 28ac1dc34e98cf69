/** The one JSON form of all values that leave the agent. */
@NullMarked
package io.catena.agent.json;

import org.jspecify.annotations.NullMarked;
