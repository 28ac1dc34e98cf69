/** What a guest notices while its disk is merged. */
@NullMarked
package io.catena.harness.bench.merge;

import org.jspecify.annotations.NullMarked;
