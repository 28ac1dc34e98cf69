@NullMarked
package io.catena.agent.schedule.policy;

import org.jspecify.annotations.NullMarked;
