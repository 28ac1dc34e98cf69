package io.catena.api;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * The long work of all SRs, as the host that has them sees it.
 *
 * <p><b>Errors.</b> All methods throw {@link SrException}. <b>Threads.</b> Safe for use by many threads.
 */
public interface JobQueue {
    /** Returns the jobs that run or ended lately, oldest first. */
    List<Job> jobs();

    /** Returns a job as it stands now; {@link SrError#BAD_REQUEST} if there is none with that id. */
    Job job(long id);

    /** Asks a job to stop, which it does at its next safe point; does nothing if it ended. */
    Job cancel(long id);

    /** Asks a job to pause at its next safe point; does nothing if it ended. It keeps its place among those that run. */
    Job pause(long id);

    /** Lets a job go on that was paused. */
    Job resume(long id);

    /**
     * Stops all jobs of an SR and waits until they have ended: for a detach.
     *
     * @throws SrException with {@link SrError#SR_IN_USE} if some did not stop in time
     */
    void cancelAll(SrId sr, Duration atMost);

    /**
     * Gives the next job of its kind and SR the id of one that an agent which ended could not finish; to be called before
     * jobs are started. An id that another job has by now is not given.
     */
    void expect(long id, String kind, SrId sr);

    /**
     * Begins a job that finds everything done.
     *
     * @param result what came of it, for humans
     * @throws SrException with {@link SrError#TRY_AGAIN} if too much work waits already
     */
    Job startDone(String kind, SrId sr, String result);

    /** Calls {@code listener} once when a job has ended, or now if it has; on any thread. */
    void whenEnded(long id, Consumer<Job> listener);
}
