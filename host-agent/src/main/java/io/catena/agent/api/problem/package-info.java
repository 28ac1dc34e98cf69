/** Answers and failures as they go over the network. */
@NullMarked
package io.catena.agent.api.problem;

import org.jspecify.annotations.NullMarked;
