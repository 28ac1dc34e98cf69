/**
 * The one narrow road to disk.
 *
 * <p>More than 25 classes, since who may open a file stays within the package.
 */
@NullMarked
package io.catena.store;

import org.jspecify.annotations.NullMarked;
