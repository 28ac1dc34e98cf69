/** Garbage collection of trees of all shapes, on real file systems and simulated ones. */
@NullMarked
package io.catena.harness.merge;

import org.jspecify.annotations.NullMarked;
