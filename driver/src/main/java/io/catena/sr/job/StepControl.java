package io.catena.sr.job;

import io.catena.api.JobControl;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Lets one step of garbage collection go on, wait or stop: guests come first, then the rate limit.
 *
 * <p><b>The budget.</b> While guests make requests, and for a second after, a step works for 100 ms of each second, and its
 * pieces are small, unless it is urgent: it rests nine times as long as its last piece took, which takes longer the more guests
 * ask of the disk, but no longer than a tenth of a second. With a quarter of the time the slowest hundredth of a guest's writes
 * took up to 70 % longer on a slow disk, with a tenth about 15 %. Nor does it begin a piece while a guest's flush is under way,
 * which would wait for that: so of a flush's own writes and syncs one at most meets a piece.
 *
 * <p><b>It converges.</b> A rest has an end, {@link #MOST_REST_NANOS}, whatever guests do, and no piece is skipped. So a piece of
 * 256 KiB is copied at least every tenth of a second and what it takes: with 10 ms each that is 2.3 MiB a second under guests that
 * never cease to flush. No way of merging gets more to copy by what a guest writes meanwhile, so every step ends.
 *
 * <p><b>Threads.</b> Used by the thread that takes the step.
 */
public final class StepControl implements JobControl {
    private static final int REST_TO_WORK = 9;
    private static final long MOST_REST_NANOS = 100_000_000;

    /** A thread cannot rest for less. */
    private static final long LEAST_REST_NANOS = 1_000_000;

    /** So often it is asked whether a flush is still under way. */
    private static final long LOOK_NANOS = LEAST_REST_NANOS;

    /** Who asked for something so long ago may ask again soon. */
    private static final long GUESTS_NANOS = 1_000_000_000;

    private final JobControl job;
    private final Supplier<Optional<String>> stop;
    private final RateLimit rate;
    private final Guests guests;
    private final LongSupplier nanoTime;
    private final boolean urgent;
    private long requestsSeen;
    private long workingSince;

    /** How long to rest for the guests' sake. */
    private long owedNanos;

    /** How long to rest for the rate limit's. */
    private long restNanos;

    private boolean guestsWork;
    private long guestsWorkedAt;

    /** Those who must not be disturbed. Safe for use by many threads. */
    public interface Guests {
        /** Returns how many requests they have made so far. */
        long requests();

        /** Whether one of them waits for a flush. */
        boolean flush();
    }

    /**
     * @param stop why the step shall stop where it is; empty while it may go on
     */
    public StepControl(
            JobControl job,
            Supplier<Optional<String>> stop,
            RateLimit rate,
            Guests guests,
            LongSupplier nanoTime,
            boolean urgent) {
        this.job = job;
        this.stop = stop;
        this.rate = rate;
        this.guests = guests;
        this.nanoTime = nanoTime;
        this.urgent = urgent;
        requestsSeen = guests.requests();
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
        lookForGuests(now);
        owedNanos = guestsWork ? Math.min(MOST_REST_NANOS, owedNanos + REST_TO_WORK * (now - workingSince)) : 0;
        if (owedNanos >= LEAST_REST_NANOS) {
            restNanos = Math.max(restNanos, owedNanos);
            owedNanos = 0;
        }
        if (restNanos > 0) {
            job.rest(restNanos);
        }
        restNanos = 0;
        if (guestsWork) {
            awaitFlushes(now + MOST_REST_NANOS);
        }
        workingSince = nanoTime.getAsLong();
    }

    /** A job that is to stop or to pause does not rest. */
    private void awaitFlushes(long until) {
        while (guests.flush() && until - nanoTime.getAsLong() > 0 && !job.pauseWanted()) {
            checkCancelled();
            job.rest(LOOK_NANOS);
        }
    }

    private void lookForGuests(long now) {
        long seen = guests.requests();
        if (seen != requestsSeen) {
            requestsSeen = seen;
            guestsWorkedAt = now;
            guestsWork = !urgent;
        } else if (now - guestsWorkedAt > GUESTS_NANOS) {
            guestsWork = false;
        }
    }

    @Override
    public boolean guestsWork() {
        lookForGuests(nanoTime.getAsLong());
        return guestsWork;
    }
}
