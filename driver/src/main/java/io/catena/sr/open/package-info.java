/** An SR from its attach to its detach: recovery, what is told of it, its check and its health. */
@NullMarked
package io.catena.sr.open;

import org.jspecify.annotations.NullMarked;
