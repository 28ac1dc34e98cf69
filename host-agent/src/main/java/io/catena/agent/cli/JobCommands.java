package io.catena.agent.cli;

import com.google.gson.JsonElement;
import io.catena.agent.cli.session.JobFollower;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.ArgumentText;
import io.catena.agent.cli.text.Facts;
import io.catena.agent.cli.text.Size;
import io.catena.agent.cli.text.Table;
import io.catena.agent.json.Json;
import io.catena.agent.remedy.CommandWords;
import io.catena.api.Job;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code catena job}: long work. */
@Command(name = "job", description = "Long work.", synopsisSubcommandLabel = "COMMAND")
final class JobCommands {
    private final Session session;

    JobCommands(Session session) {
        this.session = session;
    }

    @Command(description = "List the jobs that run or ended lately.")
    void ls() {
        JsonElement answer = session.agent().get("/v1/jobs");
        session.print(answer, () -> {
            List<Job> jobs = Json.list(answer, Job.class);
            Table table = new Table(">JOB", "KIND", "SR", "STATE", "PHASE", ">DONE", ">TOTAL", "STARTED");
            for (Job job : jobs) {
                table.row(
                        job.id(),
                        job.kind(),
                        job.sr(),
                        state(job),
                        job.state() == Job.State.DONE ? "done" : job.phase(),
                        Size.format(job.doneBytes()),
                        Size.format(job.totalBytes()),
                        String.valueOf(Facts.time(job.started())));
            }
            return table.on(session.screen());
        });
    }

    @Command(description = "Show a job.")
    void show(@Parameters(paramLabel = "ID", description = ArgumentText.JOB) long id) {
        print(session.agent().get("/v1/jobs/" + id));
    }

    @Command(name = "wait", description = "Wait until a job has ended.")
    void waitUntilEnd(@Parameters(paramLabel = "ID", description = ArgumentText.JOB) long id) {
        new JobFollower(session).follow(id);
    }

    @Command(description = "Ask a job to stop.")
    void cancel(@Parameters(paramLabel = "ID", description = ArgumentText.JOB) long id) {
        print(session.agent().post("/v1/jobs/" + id + "/cancel"));
    }

    @Command(description = "Ask a job to pause where nothing is half done.")
    void pause(@Parameters(paramLabel = "ID", description = ArgumentText.JOB) long id) {
        print(session.agent().post("/v1/jobs/" + id + "/pause"));
    }

    @Command(description = "Let a paused job go on.")
    void resume(@Parameters(paramLabel = "ID", description = ArgumentText.JOB) long id) {
        print(session.agent().post("/v1/jobs/" + id + "/resume"));
    }

    private void print(JsonElement answer) {
        session.print(answer, () -> format(Json.read(answer, Job.class)));
    }

    private static String format(Job job) {
        Job.Failure failure = job.failure();
        return new Facts()
                .add("job", job.id())
                .add("kind", job.kind())
                .add("sr", job.sr())
                .add("state", state(job))
                .add("phase", job.state() == Job.State.DONE ? "done" : job.phase())
                .add("done", Size.format(job.doneBytes()) + " of " + Size.format(job.totalBytes()))
                .add("rate", Size.format(job.bytesPerSecond()) + "/s")
                .add("started", Facts.time(job.started()))
                .add("ended", Facts.time(job.ended()))
                .add("result", job.result())
                .add("failure", failure == null ? null : failure.error() + ": " + failure.message())
                .add("correction", failure == null ? null : CommandWords.orNull(failure.correction()))
                .toString();
    }

    private static String state(Job job) {
        return job.state().name().toLowerCase(Locale.ROOT);
    }
}
