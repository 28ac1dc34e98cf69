/** The driver under power cuts, kills and I/O errors. */
@NullMarked
package io.catena.harness.crash;

import org.jspecify.annotations.NullMarked;
