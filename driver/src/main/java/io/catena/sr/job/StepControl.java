package io.catena.sr.job;

import io.catena.api.JobControl;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Lets one step of garbage collection go on, wait or stop: guests come first, then the rate limit.
 *
 * <p>While guests make requests a step works for a quarter of the time at most, unless it is urgent. It goes on all the
 * same, so it ends whatever the guests do.
 *
 * <p><b>Threads.</b> Used by the thread that takes the step.
 */
public final class StepControl implements JobControl {
    private static final int REST_TO_WORK = 3;
    private static final long MOST_REST_NANOS = 100_000_000;

    private final JobControl job;
    private final Supplier<Optional<String>> stop;
    private final RateLimit rate;
    private final LongSupplier requests;
    private final LongSupplier nanoTime;
    private final boolean urgent;
    private long requestsSeen;
    private long workingSince;
    private long restNanos;

    /**
     * @param stop why the step shall stop where it is; empty while it may go on
     * @param requests how many requests guests have made so far
     */
    public StepControl(
            JobControl job,
            Supplier<Optional<String>> stop,
            RateLimit rate,
            LongSupplier requests,
            LongSupplier nanoTime,
            boolean urgent) {
        this.job = job;
        this.stop = stop;
        this.rate = rate;
        this.requests = requests;
        this.nanoTime = nanoTime;
        this.urgent = urgent;
        requestsSeen = requests.getAsLong();
        workingSince = nanoTime.getAsLong();
    }

    @Override
    public void phase(String text) {
        job.phase(text);
    }

    @Override
    public void addTotal(long bytes) {
        job.addTotal(bytes);
    }

    @Override
    public void done(long bytes) {
        job.done(bytes);
        restNanos = Math.max(restNanos, rate.copied(bytes));
    }

    /**
     * @throws StepInterrupted if the step shall stop, to be continued later
     */
    @Override
    public void checkCancelled() {
        job.checkCancelled();
        if (job.pauseWanted()) {
            throw new StepInterrupted("the job is paused");
        }
        stop.get().ifPresent(reason -> {
            throw new StepInterrupted(reason);
        });
    }

    @Override
    public void giveWay() {
        long now = nanoTime.getAsLong();
        long seen = requests.getAsLong();
        if (seen != requestsSeen && !urgent) {
            restNanos = Math.max(restNanos, Math.min(MOST_REST_NANOS, REST_TO_WORK * (now - workingSince)));
        }
        if (restNanos > 0) {
            job.rest(restNanos);
        }
        restNanos = 0;
        requestsSeen = requests.getAsLong();
        workingSince = nanoTime.getAsLong();
    }
}
