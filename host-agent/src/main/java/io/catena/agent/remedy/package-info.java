/** The words in which each face names a call that does something about an error. */
@NullMarked
package io.catena.agent.remedy;

import org.jspecify.annotations.NullMarked;
