/** One file of a chain: opening, reading, writing, making. */
@NullMarked
package io.catena.vhd;

import org.jspecify.annotations.NullMarked;
