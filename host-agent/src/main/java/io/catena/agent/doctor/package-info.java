/** Looks at the host that the agent runs on, for what will be missed sooner or later. */
@NullMarked
package io.catena.agent.doctor;

import org.jspecify.annotations.NullMarked;
