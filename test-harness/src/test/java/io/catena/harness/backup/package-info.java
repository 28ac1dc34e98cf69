/** Changed blocks and streams, compared with what disks really hold and with what other programs read. */
@NullMarked
@SharesMachine
package io.catena.harness.backup;

import io.catena.harness.machine.SharesMachine;
import org.jspecify.annotations.NullMarked;
