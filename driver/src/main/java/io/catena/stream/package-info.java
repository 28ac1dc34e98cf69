/** The content of disks as streams of bytes, in formats that others read. */
@NullMarked
package io.catena.stream;

import org.jspecify.annotations.NullMarked;
