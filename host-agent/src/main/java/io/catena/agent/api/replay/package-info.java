/** Requests that are sent again because nobody knows whether they were done: {@code Idempotency-Key}. */
@NullMarked
package io.catena.agent.api.replay;

import org.jspecify.annotations.NullMarked;
