/**
 * Storage repositories over the driver: what the host agent attaches and detaches, with their long work.
 *
 * <p>The words that its packages share are explained where their classes stand: {@code OpenSr} in {@code open}, {@code Holds} and
 * {@code Attachments} in {@code live}.
 */
@NullMarked
package io.catena.sr;

import org.jspecify.annotations.NullMarked;
