/** Operations on single files of a directory, without an SR and without an agent. */
@NullMarked
package io.catena.tool;

import org.jspecify.annotations.NullMarked;
