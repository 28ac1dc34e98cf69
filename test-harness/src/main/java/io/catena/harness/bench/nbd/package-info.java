/** Measures the data path against other NBD servers. */
@NullMarked
package io.catena.harness.bench.nbd;

import org.jspecify.annotations.NullMarked;
