/** Directories as an attacker fills them. */
@NullMarked
package io.catena.harness.hostile;

import org.jspecify.annotations.NullMarked;
