/** What the agent counts and measures, for Prometheus. */
@NullMarked
package io.catena.agent.metrics;

import org.jspecify.annotations.NullMarked;
