/** Many hosts on one SR, without real hosts: stores and clocks for their leases. */
@NullMarked
package io.catena.harness.cluster;

import org.jspecify.annotations.NullMarked;
