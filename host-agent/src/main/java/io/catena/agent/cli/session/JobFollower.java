package io.catena.agent.cli.session;

import com.google.gson.JsonElement;
import io.catena.agent.cli.text.ProgressBar;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.json.Json;
import io.catena.api.Job;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.util.function.Predicate;

/** Waits for a job while showing how far it is. The agent holds each answer back for a while, so nothing is polled. */
public final class JobFollower {
    private static final int WAIT_MILLIS = 1000;

    private final Session session;

    public JobFollower(Session session) {
        this.session = session;
    }

    /**
     * Returns when the job was done, and prints it.
     *
     * @throws SrException if it failed or was cancelled, with its reason
     */
    public void follow(long id) {
        follow(id, job -> false);
    }

    /**
     * As {@link #follow(long)}; returns also, and prints the job, when it is as far as that.
     *
     * @param far what is waited for
     */
    public void follow(long id, Predicate<Job> far) {
        ControlClient agent = session.agent();
        ProgressBar bar = session.progressBar();
        while (true) {
            JsonElement answer = agent.get("/v1/jobs/" + id + "?waitMillis=" + WAIT_MILLIS);
            Job job = Json.read(answer, Job.class);
            bar.show(job);
            switch (job.state()) {
                case RUNNING -> {
                    if (!far.test(job)) {
                        continue;
                    }
                    session.print(answer, () -> session.terminal() ? "\n" : ProgressBar.line(job));
                }
                case DONE -> session.print(answer, () -> "");
                case CANCELLED -> throw new SrException(SrError.CANCELLED, "Job " + id + " was cancelled");
                case FAILED -> throw failure(job);
            }
            return;
        }
    }

    private static SrException failure(Job job) {
        Job.Failure failure = job.failure();
        if (failure == null) {
            return new SrException(SrError.INTERNAL, "Job " + job.id() + " failed and does not say why");
        }
        SrException exception = new SrException(failure.error(), failure.message());
        return failure.correction() == null ? exception : exception.correction(failure.correction());
    }
}
