package io.catena.sr.tree;

import java.util.Set;

/**
 * Tells which files of an SR are open: what is in such a file only who has it open knows.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public interface OpenFiles {
    /** Returns the files that are open, and notes from now on which are opened. */
    Set<String> beginNoting();

    /** Returns the files that were opened since, also if they are closed by now. */
    Set<String> endNoting();
}
