/** The VHD format: bytes to records and back. No I/O. */
@NullMarked
package io.catena.format;

import org.jspecify.annotations.NullMarked;
