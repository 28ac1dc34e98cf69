/** Oracles: what a disk may hold, told by its history alone. */
@NullMarked
package io.catena.harness.model;

import org.jspecify.annotations.NullMarked;
