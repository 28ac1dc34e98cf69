/**
 * Eyes that are not Catena's own: other programs.
 *
 * <p>Offsets and lengths are in bytes unless a name says sectors (512 bytes).
 */
@NullMarked
package io.catena.harness.peer;

import org.jspecify.annotations.NullMarked;
