package io.catena.store;

import java.io.IOException;

/**
 * The right to change a storage. It can end at any moment, by somebody else's doing; so it is asked before each change, not
 * remembered.
 *
 * <p>A lease cannot stop a change that is on its way already. That needs a fence at the storage, such as the lock on the
 * open file that is written through, see {@link Storage#open}.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public interface Lease {
    /** Returns a number that grows with each holder of the right; 0 where only one host can reach the storage. */
    long epoch();

    /**
     * Makes sure that the right is still ours.
     *
     * @throws LeaseLostException if it is not; it never comes back
     * @throws IOException if this cannot be told now
     */
    void check() throws IOException;

    /** Returns why the right was lost, for humans; to be asked when it was. Waits for nothing. */
    default String lossText() {
        return "the right to change this storage was lost; another agent may have it";
    }

    /**
     * Has somebody told when the right is found to be lost, once, by the thread that finds it; at once if it is lost already.
     * Who is told must return soon, and throw nothing.
     */
    void onLost(Runnable told);
}
