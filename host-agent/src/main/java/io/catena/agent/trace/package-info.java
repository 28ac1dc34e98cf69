/** Lets somebody see what the API answers, to find out which side of it is wrong. */
@NullMarked
package io.catena.agent.trace;

import org.jspecify.annotations.NullMarked;
