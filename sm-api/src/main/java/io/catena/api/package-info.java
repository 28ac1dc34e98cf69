/**
 * The vocabulary of a storage manager: what a front end may ask of a storage repository, and what it gets back. Knows
 * nothing of files, formats or wires.
 *
 * <p>More than 25 classes, since most are single words of that vocabulary.
 */
@NullMarked
package io.catena.api;

import org.jspecify.annotations.NullMarked;
