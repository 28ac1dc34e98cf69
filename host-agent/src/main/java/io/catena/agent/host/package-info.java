/** The storage repositories of this host, and what is remembered of them between two lives of the agent. */
@NullMarked
package io.catena.agent.host;

import org.jspecify.annotations.NullMarked;
