package io.catena.agent.cli.vhd;

import io.catena.agent.cli.text.ProgressBar;
import io.catena.api.Job;
import io.catena.api.JobControl;
import io.catena.api.SrId;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Work of this process itself, with a progress bar. It ends with the process, and nobody cancels it but a signal. */
final class OfflineJob implements JobControl {
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(200);
    private static final SrId NO_SR = new SrId(new UUID(0, 0));

    private final String kind;
    private final ProgressBar bar;
    private final Clock clock;
    private final Instant started;
    private Instant shown;
    private String phase = "";
    private long done;
    private long total;

    OfflineJob(String kind, PrintWriter out, boolean terminal, Clock clock) {
        this.kind = kind;
        this.bar = new ProgressBar(out, terminal);
        this.clock = clock;
        this.started = clock.instant();
        this.shown = started;
    }

    @Override
    public synchronized void phase(String text) {
        phase = text;
    }

    @Override
    public synchronized void addTotal(long bytes) {
        total += bytes;
    }

    @Override
    public synchronized void done(long bytes) {
        done += bytes;
        Instant now = clock.instant();
        if (Duration.between(shown, now).compareTo(BETWEEN_LOOKS) >= 0) {
            shown = now;
            bar.show(job(Job.State.RUNNING, ""));
        }
    }

    @Override
    public void checkCancelled() {
        // nobody can ask for it
    }

    /** Shows that the work is done, and what came of it. */
    synchronized void end(String result) {
        bar.show(job(Job.State.DONE, result));
    }

    private Job job(Job.State state, String result) {
        Instant now = clock.instant();
        long millis = Math.max(1, Duration.between(started, now).toMillis());
        @Nullable Instant ended = state.ended() ? now : null;
        return new Job(1, kind, NO_SR, state, phase, done, total, done * 1000 / millis, started, ended, result, null);
    }
}
