/** Garbage collection: when it runs, and the ways to merge nodes. What it is to do tells {@link io.catena.sr.gc.plan}. */
@NullMarked
package io.catena.sr.gc;

import org.jspecify.annotations.NullMarked;
