/** Where each block of a sparse disk stands and which sectors it has: in memory, in the file, and in the redo log. */
@NullMarked
package io.catena.vhd.map;

import org.jspecify.annotations.NullMarked;
