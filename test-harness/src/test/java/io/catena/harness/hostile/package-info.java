/** Directories as an attacker fills them. */
@NullMarked
@SharesMachine
package io.catena.harness.hostile;

import io.catena.harness.machine.SharesMachine;
import org.jspecify.annotations.NullMarked;
