/** {@code catena vhd}: the commands that work on single VHD files, without an agent. */
@NullMarked
package io.catena.agent.cli.vhd;

import org.jspecify.annotations.NullMarked;
