/** What stands on the other side of a protocol: clients of ours, foreign programs, and devices to serve to them. */
@NullMarked
package io.catena.harness.peer;

import org.jspecify.annotations.NullMarked;
