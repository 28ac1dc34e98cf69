/**
 * The vocabulary of a storage manager: what a front end may ask of a storage repository, and what it gets back. Knows
 * nothing of files, formats or wires.
 */
@NullMarked
package io.catena.api;

import org.jspecify.annotations.NullMarked;
