/** The data plane: what a guest sees, resolved through a chain of nodes. */
@NullMarked
package io.catena.disk;

import org.jspecify.annotations.NullMarked;
