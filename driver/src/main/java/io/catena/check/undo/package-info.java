/** Changes that a repair makes, and the undo file by which they can be taken back. */
@NullMarked
package io.catena.check.undo;

import org.jspecify.annotations.NullMarked;
