/** Tests of the check and the repair of VHD files, on real files and on a simulated host. */
@NullMarked
@SharesMachine
package io.catena.harness.check;

import io.catena.harness.machine.SharesMachine;
import org.jspecify.annotations.NullMarked;
