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
}
