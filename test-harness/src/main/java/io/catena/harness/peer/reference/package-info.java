/**
 * A reader of VHD files that shares no code with the product.
 *
 * <p>Offsets and lengths are in bytes unless a name says sectors (512 bytes).
 */
@NullMarked
package io.catena.harness.peer.reference;

import org.jspecify.annotations.NullMarked;
