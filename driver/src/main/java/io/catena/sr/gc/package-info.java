/** Garbage collection: what is planned, when it runs, and the ways to merge nodes. */
@NullMarked
package io.catena.sr.gc;

import org.jspecify.annotations.NullMarked;
