/**
 * The tour of {@code catena demo}: a real agent in a process of its own, driven over its control API and NBD like any
 * other. Offsets and lengths are in bytes.
 */
@NullMarked
package io.catena.agent.demo;

import org.jspecify.annotations.NullMarked;
