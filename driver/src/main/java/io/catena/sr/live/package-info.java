/**
 * What is open: active disks and who holds them, open nodes, redo logs, and the work on live leaves (fills, drains,
 * copies).
 *
 * <p>Names: {@link io.catena.sr.live.Holds} are who has a disk attached, and how: a promise, and nothing is open for it. An
 * {@link io.catena.sr.live.Attachment} is a disk that is active, with its chain open and served; {@link
 * io.catena.sr.live.Attachments} are all of them. {@link io.catena.sr.live.VdiUse} answers from both whether an operation may have
 * a disk.
 *
 * <p>More than 25 classes, since they share what is open under one lock, which nobody else may take.
 */
@NullMarked
package io.catena.sr.live;

import org.jspecify.annotations.NullMarked;
