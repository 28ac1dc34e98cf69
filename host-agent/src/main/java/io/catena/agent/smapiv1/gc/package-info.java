/** What XAPI is told of garbage collection, beside any call of its own. */
@NullMarked
package io.catena.agent.smapiv1.gc;

import org.jspecify.annotations.NullMarked;
