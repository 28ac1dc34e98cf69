@NullMarked
package io.catena.agent.schedule;

import org.jspecify.annotations.NullMarked;
