/** Garbage collection of trees of all shapes, on real file systems and simulated ones. */
@NullMarked
@SharesMachine
package io.catena.harness.merge;

import io.catena.harness.machine.SharesMachine;
import org.jspecify.annotations.NullMarked;
