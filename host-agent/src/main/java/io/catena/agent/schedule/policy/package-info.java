/** What schedules decide: when a snapshot is due, and which are kept. No I/O, no clock. */
@NullMarked
package io.catena.agent.schedule.policy;

import org.jspecify.annotations.NullMarked;
