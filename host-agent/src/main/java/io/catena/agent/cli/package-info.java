/** The command line. */
@NullMarked
package io.catena.agent.cli;

import org.jspecify.annotations.NullMarked;
