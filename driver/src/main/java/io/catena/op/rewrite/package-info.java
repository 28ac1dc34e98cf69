/** Rewriting the headers of a file that nobody has open, as if at one instant: another size, another parent. */
@NullMarked
package io.catena.op.rewrite;

import org.jspecify.annotations.NullMarked;
