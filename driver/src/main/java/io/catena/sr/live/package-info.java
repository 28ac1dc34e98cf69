/**
 * What is open: active disks and who holds them, open nodes, redo logs, and the work on live leaves (fills, drains,
 * copies).
 */
@NullMarked
package io.catena.sr.live;

import org.jspecify.annotations.NullMarked;
