/** The structures of a VHD as they lie on disk, right or wrong. Offsets are in bytes. */
@NullMarked
package io.catena.check.raw;

import org.jspecify.annotations.NullMarked;
