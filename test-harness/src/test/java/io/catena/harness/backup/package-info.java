/** Changed blocks and streams, compared with what disks really hold and with what other programs read. */
@NullMarked
package io.catena.harness.backup;

import org.jspecify.annotations.NullMarked;
