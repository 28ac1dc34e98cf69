/** Mirrors of disks in use, measured. */
@NullMarked
package io.catena.harness.bench.mirror;

import org.jspecify.annotations.NullMarked;
