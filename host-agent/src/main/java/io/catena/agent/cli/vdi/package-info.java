/** {@code catena vdi}: virtual disks. */
@NullMarked
package io.catena.agent.cli.vdi;

import org.jspecify.annotations.NullMarked;
