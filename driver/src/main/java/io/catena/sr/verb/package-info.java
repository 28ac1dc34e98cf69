/** The operations on disks: make, cut, resize, revert, reset, compose, copy, import, attach, remove. */
@NullMarked
package io.catena.sr.verb;

import org.jspecify.annotations.NullMarked;
