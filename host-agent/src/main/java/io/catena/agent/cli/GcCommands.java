package io.catena.agent.cli;

import static io.catena.agent.control.client.ControlClient.part;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.cli.session.JobFollower;
import io.catena.agent.cli.session.OnOff;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.ArgumentText;
import io.catena.agent.cli.text.GcStatusText;
import io.catena.agent.cli.text.Size;
import io.catena.agent.json.Json;
import io.catena.api.GcStatus;
import io.catena.api.Job;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
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
            @Parameters(paramLabel = "SR", description = ArgumentText.SR) String sr,
            @Option(names = "--wait", description = "Wait until it is done.") boolean wait,
            @Option(
                            names = "--delete-unknown",
                            paramLabel = "FILE",
                            description =
                                    "Delete these base copies, too, that nothing seems to build on, and of which it is"
                                            + " not known why: see gc status.")
                    @Nullable
                    List<String> unknown,
            @Option(names = "--dry-run", description = Session.DRY_RUN) boolean dryRun) {
        JsonObject body = new JsonObject();
        if (unknown != null) {
            JsonArray names = new JsonArray();
            unknown.forEach(names::add);
            body.add("deleteUnknown", names);
        }
        JsonElement answer = session.agent().post("/v1/srs/" + part(sr) + "/gc" + Session.dryRun(dryRun), body);
        if (dryRun) {
            session.printDone(answer, true);
            return;
        }
        Job job = Json.read(answer, Job.class);
        if (wait) {
            new JobFollower(session).follow(job.id());
        } else {
            session.print(answer, () -> "job " + job.id() + " started; see: catena job wait " + job.id());
        }
    }

    @Command(description = "Show what is left to do, in which order, at which cost, and what cannot be done.")
    void status(
            @Parameters(paramLabel = "SR", arity = "0..1", description = "Default: all SRs.") @Nullable String sr,
            @Option(names = "--steps", description = "Every step, not only every chain.") boolean steps) {
        JsonElement answer = sr == null ? statusOfAllSrs() : status(sr);
        session.print(answer, () -> {
            List<GcStatus> found =
                    sr == null ? Json.list(answer, GcStatus.class) : List.of(Json.read(answer, GcStatus.class));
            return found.stream().map(status -> text(status, steps)).collect(Collectors.joining("\n"));
        });
    }

    private JsonElement status(String sr) {
        return session.agent().get("/v1/srs/" + part(sr) + "/gc");
    }

    private JsonArray statusOfAllSrs() {
        JsonArray all = new JsonArray();
        session.attachedSrs().forEach(sr -> all.add(status(sr.id().toString())));
        return all;
    }

    private String text(GcStatus status, boolean steps) {
        return steps ? GcStatusText.withSteps(status, session.screen()) : GcStatusText.of(status, session.screen());
    }

    @Command(description = "End the run where nothing is half done, and start no other before it is resumed.")
    void pause(@Parameters(paramLabel = "SR", description = ArgumentText.SR) String sr) {
        print(session.agent().post("/v1/srs/" + part(sr) + "/gc/pause"));
    }

    @Command(description = "Go on after a pause.")
    void resume(@Parameters(paramLabel = "SR", description = ArgumentText.SR) String sr) {
        print(session.agent().post("/v1/srs/" + part(sr) + "/gc/resume"));
    }

    @Command(description = "End the run where nothing is half done.")
    void cancel(@Parameters(paramLabel = "SR", description = ArgumentText.SR) String sr) {
        print(session.agent().post("/v1/srs/" + part(sr) + "/gc/cancel"));
    }

    @Command(description = "Change what is merged, when and how fast.")
    void set(
            @Parameters(paramLabel = "SR", description = ArgumentText.SR) String sr,
            @Option(names = "--gc", paramLabel = "on|off", description = "Whether it runs without being asked.")
                    @Nullable
                    OnOff gc,
            @Option(names = "--coalesce", paramLabel = "on|off", description = "Whether nodes are merged.") @Nullable
                    OnOff coalesce,
            @Option(
                            names = "--leaf-coalesce",
                            paramLabel = "on|off",
                            description = "Whether disks are merged with their base copies.")
                    @Nullable
                    OnOff leafCoalesce,
            @Option(names = "--workers", paramLabel = "N", description = "Trees that are worked on at a time.")
                    @Nullable
                    Integer workers,
            @Option(
                            names = "--rate",
                            paramLabel = "SIZE",
                            converter = Size.Converter.class,
                            description = "Bytes to copy in a second; 0 for no limit.")
                    @Nullable
                    Size rate,
            @Option(
                            names = "--reserve",
                            paramLabel = "SIZE",
                            converter = Size.Converter.class,
                            description = "Free space that merging never takes.")
                    @Nullable
                    Size reserve,
            @Option(
                            names = "--every",
                            paramLabel = "MINUTES",
                            description = "How often it looks for work; 0 for never.")
                    @Nullable
                    Integer everyMinutes,
            @Option(
                            names = "--window",
                            paramLabel = "HH:MM-HH:MM|always",
                            description = "When it may work without being asked, in UTC.")
                    @Nullable
                    String window) {
        JsonObject body = new JsonObject();
        body.addProperty("gc", flag(gc));
        body.addProperty("coalesce", flag(coalesce));
        body.addProperty("leafCoalesce", flag(leafCoalesce));
        body.addProperty("workers", workers);
        body.addProperty("bytesPerSecond", rate == null ? null : rate.bytes());
        body.addProperty("reserveBytes", reserve == null ? null : reserve.bytes());
        body.addProperty("everyMinutes", everyMinutes);
        body.addProperty("window", window);
        body.asMap().values().removeIf(JsonElement::isJsonNull);
        print(session.agent().post("/v1/srs/" + part(sr) + "/gc/set", body));
    }

    private static @Nullable Boolean flag(@Nullable OnOff wanted) {
        return wanted == null ? null : wanted == OnOff.ON;
    }

    private void print(JsonElement answer) {
        session.print(answer, () -> GcStatusText.of(Json.read(answer, GcStatus.class), session.screen()));
    }
}
