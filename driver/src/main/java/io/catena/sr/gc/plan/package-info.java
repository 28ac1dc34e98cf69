/** What garbage collection is to do: the steps that can be taken, in which order, and what they give. */
@NullMarked
package io.catena.sr.gc.plan;

import org.jspecify.annotations.NullMarked;
