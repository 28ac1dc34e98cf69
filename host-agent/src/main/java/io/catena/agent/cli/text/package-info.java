/** What the command line reads and writes: sizes, tables, trees, progress. */
@NullMarked
package io.catena.agent.cli.text;

import org.jspecify.annotations.NullMarked;
