/** Contents of disks on their way between the host that has an SR and one that follows. */
@NullMarked
package io.catena.agent.follow.content;

import org.jspecify.annotations.NullMarked;
