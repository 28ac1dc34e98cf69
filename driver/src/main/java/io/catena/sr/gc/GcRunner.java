package io.catena.sr.gc;

import io.catena.api.Job;
import io.catena.api.JobControl;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.log.LogLine;
import io.catena.sr.gc.plan.GcStep;
import io.catena.sr.job.Environment;
import java.io.Closeable;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Starts runs, when somebody asks or it is time; one at a time, for two could merge the same pair of nodes.
 *
 * <p><b>Threads.</b> Safe for use by many threads. Who has locked this never takes the tree lock.
 */
final class GcRunner implements Closeable {
    private static final Logger LOG = System.getLogger(GcRunner.class.getName());

    private final SrId sr;
    private final Environment environment;
    private final KeptSettings settings;
    private final GcFailures failures;
    private final GcWork work;
    private final GcTrigger trigger;

    /** Guarded by this, as is all below. */
    private @Nullable Job job;

    private volatile @Nullable GcRun run;
    private Runnable alarm = () -> {};
    private boolean closed;

    GcRunner(SrId sr, Environment environment, KeptSettings settings, GcFailures failures, GcWork work) {
        this.sr = sr;
        this.environment = environment;
        this.settings = settings;
        this.failures = failures;
        this.work = work;
        trigger = new GcTrigger(now());
        setAlarm();
    }

    /**
     * Returns the run that has begun, or goes on.
     *
     * @param automatic whether nobody asked for it
     */
    synchronized Job start(boolean automatic) {
        if (closed) {
            throw new SrException(SrError.SR_UNAVAILABLE, "SR " + sr + " is being detached");
        }
        Job known = running();
        if (known == null) {
            known = environment.jobs().start("gc", sr, control -> run(control, automatic));
            job = known;
        }
        return known;
    }

    private String run(JobControl control, boolean automatic) {
        trigger.begun();
        GcRun now = new GcRun(work.ofRun(automatic), control);
        run = now;
        try {
            return now.run() + work.kept();
        } finally {
            run = null;
            if (now.hasLeft()) {
                trigger.changed(now());
            }
            trigger.ended(now());
            ended();
        }
    }

    /** The job goes on for a moment, but touches nothing any more. */
    private synchronized void ended() {
        job = null;
        setAlarm();
    }

    /** Returns the run that has not ended; null if there is none. */
    synchronized @Nullable Job running() {
        Job last = job;
        if (last == null) {
            return null;
        }
        Job now = environment.jobs().jobs().stream()
                .filter(j -> j.id() == last.id())
                .findFirst()
                .orElse(null);
        return now == null || now.state().ended() ? null : now;
    }

    /** Returns the steps that are being taken. */
    List<GcStep> runningSteps() {
        GcRun now = run;
        return now == null ? List.of() : now.running();
    }

    /** Asks the run to stop, if there is one. */
    void cancel() {
        Job known = running();
        if (known != null) {
            environment.jobs().cancel(known.id());
        }
    }

    /** Notes that something can be deleted or merged now. */
    void changed() {
        trigger.changed(now());
        setAlarm();
    }

    /** Notes that a chain has come near its limit. */
    void deepened() {
        trigger.deepened(now());
        setAlarm();
    }

    /** Returns when the next run is due that nobody asks for; empty if none is. */
    Optional<Instant> due() {
        return trigger.due(settings.now(), failures.nextTry());
    }

    /** To be called when the settings have changed. */
    synchronized void setAlarm() {
        alarm.run();
        alarm = () -> {};
        if (closed || running() != null) {
            return;
        }
        due().ifPresent(due -> {
            Duration delay = Duration.between(now(), due);
            alarm = environment.timer().after(delay.isNegative() ? Duration.ZERO : delay, this::startIfDue);
        });
    }

    /** The time may have changed, or the settings. */
    private void startIfDue() {
        try {
            boolean isDue = due().filter(due -> !due.isAfter(now())).isPresent();
            if (isDue) {
                start(true);
            } else {
                setAlarm();
            }
        } catch (SrException e) {
            LOG.log(Level.WARNING, LogLine.of("gc-not-started", "sr", sr, "cause", e.getMessage()));
            trigger.ended(now());
        }
    }

    private Instant now() {
        return environment.clock().instant();
    }

    /** Starts nothing any more; a run that is under way is for others to end. */
    @Override
    public synchronized void close() {
        closed = true;
        alarm.run();
    }
}
