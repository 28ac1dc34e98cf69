/**
 * What only the kernel can tell or do: the one place that calls native code.
 *
 * <p>More than 25 classes, since all share the binding to the C library, which nobody else may see.
 */
@NullMarked
package io.catena.agent.linux;

import org.jspecify.annotations.NullMarked;
