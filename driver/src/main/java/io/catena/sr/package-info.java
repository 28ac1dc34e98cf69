/** Storage repositories over the driver: what the host agent attaches and detaches, with their long work. */
@NullMarked
package io.catena.sr;

import org.jspecify.annotations.NullMarked;
