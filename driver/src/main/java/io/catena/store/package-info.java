/** The one narrow road to disk. */
@NullMarked
package io.catena.store;

import org.jspecify.annotations.NullMarked;
