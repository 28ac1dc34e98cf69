/** Measures what guests notice of those who use the API. */
@NullMarked
package io.catena.harness.bench.api;

import org.jspecify.annotations.NullMarked;
