/**
 * What is open: active disks and who holds them, open nodes, redo logs, and the work on live leaves (fills, drains,
 * copies).
 *
 * <p>More than 25 classes, since they share what is open under one lock, which nobody else may take.
 */
@NullMarked
package io.catena.sr.live;

import org.jspecify.annotations.NullMarked;
