/** Checks VHD files for every fault known, and repairs what can be repaired. Works on raw bytes; offsets are in bytes. */
@NullMarked
package io.catena.check;

import org.jspecify.annotations.NullMarked;
