/** The configuration file of the agent. */
@NullMarked
package io.catena.agent.config;

import org.jspecify.annotations.NullMarked;
