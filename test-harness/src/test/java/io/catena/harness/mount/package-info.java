/** SRs whose place is mounted for them. */
@NullMarked
package io.catena.harness.mount;

import org.jspecify.annotations.NullMarked;
