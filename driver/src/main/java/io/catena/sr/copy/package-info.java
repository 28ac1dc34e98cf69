/** Copies of disks, as jobs. */
@NullMarked
package io.catena.sr.copy;

import org.jspecify.annotations.NullMarked;
