/** What somebody who is to help has to see of a host, in one archive. */
@NullMarked
package io.catena.agent.support;

import org.jspecify.annotations.NullMarked;
