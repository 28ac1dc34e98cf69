/** Benchmarks: our times beside those of others, measured in the same run where that is possible. */
@NullMarked
package io.catena.harness.bench;

import org.jspecify.annotations.NullMarked;
