/** Lines of the log, as driver and agent write them. */
@NullMarked
package io.catena.log;

import org.jspecify.annotations.NullMarked;
