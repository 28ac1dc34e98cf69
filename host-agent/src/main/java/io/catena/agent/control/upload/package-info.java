/** Streams of disks that come over several connections, since one may break off. */
@NullMarked
package io.catena.agent.control.upload;

import org.jspecify.annotations.NullMarked;
