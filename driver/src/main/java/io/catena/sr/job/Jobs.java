package io.catena.sr.job;

import io.catena.api.Job;
import io.catena.api.JobQueue;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.log.LogLine;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.io.Closeable;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.logging.Logger;
import java.util.stream.Collectors;

/**
 * The long work of all SRs: runs a few jobs at a time, lets others wait their turn, remembers those that ended lately.
 *
 * <p>A job is asked to stop, never interrupted: an interrupt would close the files that it shares with guests.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class Jobs implements JobQueue, Closeable {
    /** How many ended jobs are remembered. */
    static final int HISTORY = 100;

    /** How many jobs may wait for their turn. */
    static final int WAITING = 64;

    private static final int WORKERS = 4;
    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(30);
    private static final Logger LOG = Logger.getLogger(Jobs.class.getName());

    private final Clock clock;
    private final ThreadPoolExecutor executor;

    /** By id, oldest first. Guarded by this, as are {@link #ids}. */
    private final Map<Long, RunningJob> jobs = new LinkedHashMap<>();

    private final JobIds ids;

    /** The ids that jobs to be started again get, by what they do. Guarded by this. */
    private final Map<String, Deque<Long>> expected = new HashMap<>();

    /**
     * @param clock tells when jobs began and ended, and how fast they are
     */
    public Jobs(Clock clock) {
        this(clock, WORKERS);
    }

    /**
     * @param workers how many jobs run at a time
     */
    public Jobs(Clock clock, int workers) {
        this(clock, workers, JobIds.counting());
    }

    /**
     * @param ids numbers for the jobs
     */
    public Jobs(Clock clock, JobIds ids) {
        this(clock, WORKERS, ids);
    }

    private Jobs(Clock clock, int workers, JobIds ids) {
        this.clock = clock;
        this.ids = ids;
        AtomicInteger number = new AtomicInteger();
        executor = new ThreadPoolExecutor(
                workers, workers, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(WAITING), runnable -> {
                    Thread thread = new Thread(runnable, "job-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
    }

    /**
     * Begins {@code work} as soon as a worker is free; returns at once.
     *
     * @param kind what it does: "gc"
     * @throws SrException with {@link SrError#TRY_AGAIN} if too much work waits already, or after {@link #close}
     */
    public Job start(String kind, SrId sr, JobWork work) {
        RunningJob job = register(kind, sr, work);
        try {
            executor.execute(job);
        } catch (RejectedExecutionException e) {
            forget(job);
            throw new SrException(
                            SrError.TRY_AGAIN,
                            "Job \"" + kind + "\" of SR " + sr + " cannot be started: "
                                    + (executor.isShutdown()
                                            ? "the agent is stopping"
                                            : "there are " + WAITING + " jobs waiting already"),
                            e)
                    .correction("Wait until other jobs have ended; see: ", Remedy.of(Verb.JOB_LS));
        }
        return job.snapshot();
    }

    /**
     * As {@link #start}, on a thread of its own, at once: for work that lasts as long as somebody wants it to. How many there are
     * at a time is the caller's to limit.
     */
    public Job startAside(String kind, SrId sr, JobWork work) {
        if (executor.isShutdown()) {
            throw new SrException(
                            SrError.TRY_AGAIN,
                            "Job \"" + kind + "\" of SR " + sr + " cannot be started: the agent is stopping")
                    .correction("Try again when it runs.");
        }
        RunningJob job = register(kind, sr, work);
        Thread thread = new Thread(job, "job-aside-" + job.id);
        thread.setDaemon(true);
        thread.start();
        return job.snapshot();
    }

    @Override
    public Job startDone(String kind, SrId sr, String result) {
        return start(kind, sr, control -> result);
    }

    @Override
    public synchronized void expect(long id, String kind, SrId sr) {
        boolean isTaken = jobs.containsKey(id) || expected.values().stream().anyMatch(ids -> ids.contains(id));
        if (isTaken) {
            return;
        }
        ids.skipTo(id);
        expected.computeIfAbsent(kind + sr, key -> new ArrayDeque<>()).add(id);
    }

    @Override
    public void whenEnded(long id, Consumer<Job> listener) {
        find(id).whenEnded(listener);
    }

    @Override
    public Job job(long id) {
        return find(id).snapshot();
    }

    @Override
    public List<Job> jobs() {
        return all().stream().map(RunningJob::snapshot).collect(Collectors.toList());
    }

    @Override
    public Job cancel(long id) {
        RunningJob job = find(id);
        stop(job);
        return job.snapshot();
    }

    @Override
    public Job pause(long id) {
        RunningJob job = find(id);
        job.pause(true);
        return job.snapshot();
    }

    @Override
    public Job resume(long id) {
        RunningJob job = find(id);
        job.pause(false);
        return job.snapshot();
    }

    /** Waits until a job has ended, but not longer than {@code atMost}; returns it as it stands then. */
    public Job waitFor(long id, Duration atMost) {
        RunningJob job = find(id);
        await(job, atMost);
        return job.snapshot();
    }

    @Override
    public void cancelAll(SrId sr, Duration atMost) {
        List<RunningJob> mine = all().stream().filter(job -> job.sr.equals(sr)).collect(Collectors.toList());
        mine.forEach(this::stop);
        long deadline = System.nanoTime() + atMost.toNanos();
        for (RunningJob job : mine) {
            if (!await(job, Duration.ofNanos(Math.max(0, deadline - System.nanoTime())))) {
                throw new SrException(
                                SrError.SR_IN_USE,
                                "Job " + job.id + " (" + job.kind + ") of SR " + sr + " did not stop within "
                                        + atMost.toSeconds() + " s")
                        .correction("Wait for it with: ", Remedy.of(Verb.JOB_WAIT, job.id));
            }
        }
    }

    /** Stops all jobs, waits for them and takes no more. */
    @Override
    public void close() {
        executor.shutdown();
        List<RunningJob> last = all();
        last.forEach(this::stop);
        long deadline = System.nanoTime() + CLOSE_PATIENCE.toNanos();
        try {
            boolean ended = executor.awaitTermination(CLOSE_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            for (RunningJob job : last) {
                ended &= job.awaitEnd(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
            }
            if (!ended) {
                LOG.warning(LogLine.of("jobs-left-running", "seconds", CLOSE_PATIENCE.toSeconds()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void stop(RunningJob job) {
        if (job.cancel()) {
            executor.remove(job);
        }
    }

    private static boolean await(RunningJob job, Duration atMost) {
        try {
            return job.awaitEnd(atMost);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SrException(SrError.TRY_AGAIN, "The wait for job " + job.id + " was interrupted", e);
        }
    }

    private synchronized RunningJob register(String kind, SrId sr, JobWork work) {
        dropOldest();
        Long known = expected.getOrDefault(kind + sr, new ArrayDeque<>()).poll();
        RunningJob job = new RunningJob(known == null ? ids.next() : known, kind, sr, work, clock);
        jobs.put(job.id, job);
        return job;
    }

    private synchronized void forget(RunningJob job) {
        jobs.remove(job.id);
    }

    private synchronized List<RunningJob> all() {
        dropOldest();
        return new ArrayList<>(jobs.values());
    }

    private synchronized RunningJob find(long id) {
        RunningJob job = jobs.get(id);
        if (job == null) {
            throw new SrException(
                            SrError.BAD_REQUEST,
                            "There is no job " + id + "; only the last " + HISTORY + " that ended are remembered")
                    .correction("See: ", Remedy.of(Verb.JOB_LS));
        }
        return job;
    }

    /** Caller holds this. */
    private void dropOldest() {
        long surplus = jobs.values().stream().filter(RunningJob::ended).count() - HISTORY;
        Iterator<RunningJob> oldestFirst = jobs.values().iterator();
        while (surplus > 0) {
            if (oldestFirst.next().ended()) {
                oldestFirst.remove();
                surplus--;
            }
        }
    }
}
