/** Which parts of a disk changed since another of the same tree, by the nodes that the two do not share. */
@NullMarked
package io.catena.change;

import org.jspecify.annotations.NullMarked;
