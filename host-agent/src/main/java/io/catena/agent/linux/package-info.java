/** What only the kernel can tell or do: the one place that calls native code. */
@NullMarked
package io.catena.agent.linux;

import org.jspecify.annotations.NullMarked;
