/** How fast disks leave as streams, beside programs that read whole disks. */
@NullMarked
package io.catena.harness.bench.export;

import org.jspecify.annotations.NullMarked;
