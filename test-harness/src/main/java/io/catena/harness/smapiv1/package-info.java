/** What stands in for XAPI where its SMAPIv1 driver is tried: its database behind a Unix socket, and the way it runs a driver. */
@NullMarked
package io.catena.harness.smapiv1;

import org.jspecify.annotations.NullMarked;
