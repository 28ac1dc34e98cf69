package io.catena.sr.job;

import io.catena.api.Job;
import io.catena.api.JobControl;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.log.LogLine;
import io.catena.remedy.Advice;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * One job from its registration to its end.
 *
 * <p><b>Threads.</b> A worker runs it; any thread may look at it and cancel it. All that changes is guarded by this.
 */
final class RunningJob implements Runnable, JobControl {
    private static final Logger LOG = Logger.getLogger(RunningJob.class.getName());

    final long id;
    final String kind;
    final SrId sr;
    private final JobWork work;
    private final Clock clock;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final List<Consumer<Job>> listeners = new ArrayList<>();

    private Job.State state = Job.State.RUNNING;
    private boolean begun;
    private boolean cancelled;
    private boolean paused;
    private String phase = "waiting";
    private long doneBytes;
    private long totalBytes;
    private Instant startedAt;
    private @Nullable Instant endedAt;
    private String result = "";
    private Job.@Nullable Failure failure;

    RunningJob(long id, String kind, SrId sr, JobWork work, Clock clock) {
        this.id = id;
        this.kind = kind;
        this.sr = sr;
        this.work = work;
        this.clock = clock;
        startedAt = clock.instant();
    }

    @Override
    public void run() {
        if (!begin()) {
            return;
        }
        try {
            end(Job.State.DONE, Objects.requireNonNull(work.run(this)), null);
        } catch (SrException e) {
            fail(e.error(), e.detail(), e.advice());
        } catch (IOException e) {
            fail(SrError.IO_ERROR, Objects.requireNonNullElse(e.getMessage(), e.toString()), null);
        } catch (RuntimeException | Error e) {
            LOG.log(Level.SEVERE, LogLine.of("job-failed", "job", id, "kind", kind, "sr", sr), e);
            fail(SrError.INTERNAL, e.toString(), Advice.of("See the agent's log, and report it."));
        }
    }

    /**
     * Asks the job to stop.
     *
     * @return whether it had not begun, and so never will
     */
    boolean cancel() {
        synchronized (this) {
            cancelled = true;
            notifyAll();
            if (begun || state.ended()) {
                return false;
            }
            enterEnd(Job.State.CANCELLED, "", null);
        }
        tellEnd();
        return true;
    }

    /** Calls {@code listener}, which must not throw, with the job as it ended; now if it has. */
    void whenEnded(Consumer<Job> listener) {
        synchronized (this) {
            if (!state.ended()) {
                listeners.add(listener);
                return;
            }
        }
        listener.accept(snapshot());
    }

    /** Waits for the end; returns whether it came in time. */
    boolean awaitEnd(Duration atMost) throws InterruptedException {
        return ended.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
    }

    synchronized boolean ended() {
        return state.ended();
    }

    synchronized Job snapshot() {
        return new Job(
                id,
                kind,
                sr,
                state,
                phase,
                doneBytes,
                totalBytes,
                bytesPerSecond(),
                startedAt,
                endedAt,
                result,
                failure);
    }

    @Override
    public synchronized void phase(String text) {
        phase = text;
    }

    @Override
    public synchronized void addTotal(long bytes) {
        totalBytes += bytes;
    }

    @Override
    public synchronized void done(long bytes) {
        doneBytes += bytes;
    }

    @Override
    public synchronized void checkCancelled() {
        if (cancelled) {
            throw new SrException(SrError.CANCELLED, "Job " + id + " (" + kind + ") was cancelled");
        }
    }

    /** Asks the job to pause, or to go on. */
    synchronized void pause(boolean wanted) {
        paused = wanted;
        notifyAll();
    }

    @Override
    public synchronized boolean pauseWanted() {
        return paused;
    }

    @Override
    public synchronized void awaitResume() {
        String before = phase;
        phase = "paused";
        try {
            while (paused && !cancelled) {
                wait();
            }
        } catch (InterruptedException e) {
            interrupted();
        }
        phase = before;
    }

    @Override
    public synchronized void rest(long nanos) {
        long until = System.nanoTime() + nanos;
        try {
            for (long left = nanos; left > 0 && !paused && !cancelled; left = until - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(this, left);
            }
        } catch (InterruptedException e) {
            interrupted();
        }
    }

    /** Caller holds this. Jobs are never interrupted by Catena; who does it wants the thread to end. */
    private void interrupted() {
        cancelled = true;
        Thread.currentThread().interrupt();
    }

    private synchronized boolean begin() {
        if (state.ended()) {
            return false;
        }
        begun = true;
        phase = "running";
        startedAt = clock.instant();
        return true;
    }

    private void fail(SrError error, String message, @Nullable Advice correction) {
        if (error == SrError.CANCELLED) {
            end(Job.State.CANCELLED, "", null);
        } else {
            end(Job.State.FAILED, "", new Job.Failure(error, message, correction));
        }
    }

    private void end(Job.State how, String what, Job.@Nullable Failure why) {
        enterEnd(how, what, why);
        tellEnd();
    }

    private synchronized void enterEnd(Job.State how, String what, Job.@Nullable Failure why) {
        state = how;
        result = what;
        failure = why;
        endedAt = clock.instant();
    }

    /** Not under the lock, for listeners take their time. Those who wait come last: they may let go of what a listener needs. */
    private void tellEnd() {
        List<Consumer<Job>> told;
        synchronized (this) {
            told = List.copyOf(listeners);
        }
        try {
            told.forEach(listener -> listener.accept(snapshot()));
        } finally {
            ended.countDown();
        }
    }

    /** Caller holds this. */
    private long bytesPerSecond() {
        Instant until = endedAt == null ? clock.instant() : endedAt;
        long millis = Duration.between(startedAt, until).toMillis();
        return millis <= 0 ? 0 : Math.round(doneBytes * 1000.0 / millis);
    }
}
