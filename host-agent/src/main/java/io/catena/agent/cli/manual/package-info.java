/** The manual and the completion of shells, out of the commands themselves. Used when packages are built. */
@NullMarked
package io.catena.agent.cli.manual;

import org.jspecify.annotations.NullMarked;
