/** What a check finds, how bad it is, and the verdict that follows. */
@NullMarked
package io.catena.check.finding;

import org.jspecify.annotations.NullMarked;
