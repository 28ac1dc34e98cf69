/** One log line per event, as key=value pairs. */
@NullMarked
package io.catena.agent.log;

import org.jspecify.annotations.NullMarked;
