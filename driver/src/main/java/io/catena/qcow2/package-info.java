/** QEMU's image format qcow2: bytes and records, and where things stand. */
@NullMarked
package io.catena.qcow2;

import org.jspecify.annotations.NullMarked;
