/** A disk that outlives the host that serves it: what that host has answered and not flushed is kept, and made again elsewhere. */
@NullMarked
package io.catena.agent.follow.keep;

import org.jspecify.annotations.NullMarked;
