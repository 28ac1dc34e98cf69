/** Tests of the offline tools. */
@NullMarked
@SharesMachine
package io.catena.harness.tool;

import io.catena.harness.machine.SharesMachine;
import org.jspecify.annotations.NullMarked;
