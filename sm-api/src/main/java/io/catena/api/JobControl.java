package io.catena.api;

/** What long work tells of its progress, and how it learns that it shall stop. Safe for use by many threads. */
public interface JobControl {
    /** Says what is being done now, for humans. */
    void phase(String text);

    /** Says that there are {@code bytes} more to do than was known so far. */
    void addTotal(long bytes);

    /** Says that {@code bytes} more are done. */
    void done(long bytes);

    /**
     * Returns if the work shall go on. To be called where stopping leaves nothing half done, at least once a second.
     *
     * @throws SrException with {@link SrError#CANCELLED} if the work shall stop
     */
    void checkCancelled();

    /** Whether the work shall let go of what it holds and then {@link #awaitResume}. */
    default boolean pauseWanted() {
        return false;
    }

    /** Returns when the work need not pause any more, or shall stop. To be called with no lock held and no file open. */
    default void awaitResume() {}

    /** Lets others go first, if there is need. To be called after each piece of work, with no lock held. */
    default void giveWay() {}

    /** Whether guests work just now: then small pieces of work are better than fast ones. */
    default boolean guestsWork() {
        return false;
    }

    /** Waits for a while, or until the work shall stop or pause. To be called with no lock held. */
    default void rest(long nanos) {}
}
