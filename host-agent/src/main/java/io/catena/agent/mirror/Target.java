package io.catena.agent.mirror;

import java.io.IOException;

/** Where the copy of a disk is. For use by one thread. */
interface Target {
    /**
     * Makes sure that there is a copy.
     *
     * @param sizeBytes of the disk
     * @return whether it is new, and so holds nothing but zeros
     * @throws IOException if nobody knows
     */
    boolean prepare(long sizeBytes) throws IOException;

    /** Connects; nothing of a connection before reaches the copy any more when this returns. */
    Link connect() throws IOException;

    /** Lets go of the copy, which is complete. Its connection is closed. */
    void complete() throws IOException;

    /** Lets go of the copy, which is not complete, as well as that can be done. */
    void giveUp();

    /** What it is, for humans. */
    String text();
}
