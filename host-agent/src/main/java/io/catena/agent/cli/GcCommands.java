package io.catena.agent.cli;

import static io.catena.agent.control.ControlClient.part;

import com.google.gson.JsonElement;
import io.catena.agent.json.Json;
import io.catena.api.Job;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code catena gc}: garbage collection. */
@Command(name = "gc", description = "Garbage collection.", synopsisSubcommandLabel = "COMMAND")
final class GcCommands {
    private final Session session;

    GcCommands(Session session) {
        this.session = session;
    }

    @Command(description = "Delete what nobody can reach, and merge base copies.")
    void run(
            @Parameters(paramLabel = "SR") String sr,
            @Option(names = "--wait", description = "Wait until it is done.") boolean wait) {
        JsonElement answer = session.agent().post("/v1/srs/" + part(sr) + "/gc");
        Job job = Json.read(answer, Job.class);
        if (wait) {
            new JobFollower(session).follow(job.id());
        } else {
            session.print(answer, () -> "job " + job.id() + " started; see: catena job wait " + job.id());
        }
    }
}
