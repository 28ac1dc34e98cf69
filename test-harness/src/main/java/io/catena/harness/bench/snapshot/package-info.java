/** Measures what a client notices of snapshots of its disk, beside qemu. */
@NullMarked
package io.catena.harness.bench.snapshot;

import org.jspecify.annotations.NullMarked;
