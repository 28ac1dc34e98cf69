/** Runs scenarios with a fault at each of their calls, and sees what comes of it. */
@NullMarked
package io.catena.harness.explore;

import org.jspecify.annotations.NullMarked;
