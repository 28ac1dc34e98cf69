/** The driver under power cuts, kills and I/O errors. */
@NullMarked
@SharesMachine
package io.catena.harness.crash;

import io.catena.harness.machine.SharesMachine;
import org.jspecify.annotations.NullMarked;
