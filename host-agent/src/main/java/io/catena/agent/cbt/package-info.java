/** Changed blocks in the form that XAPI has them. */
@NullMarked
package io.catena.agent.cbt;

import org.jspecify.annotations.NullMarked;
