/** Tests of the check and the repair of VHD files, on real files and on a simulated host. */
@NullMarked
package io.catena.harness.check;

import org.jspecify.annotations.NullMarked;
