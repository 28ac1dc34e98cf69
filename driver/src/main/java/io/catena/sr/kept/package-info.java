/** What is kept of snapshots whose data was given up, so that the changes since can still be told. */
@NullMarked
package io.catena.sr.kept;

import org.jspecify.annotations.NullMarked;
