package io.catena.agent.cli;

import static io.catena.agent.control.client.ControlClient.part;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.ArgumentText;
import io.catena.agent.cli.text.Facts;
import io.catena.agent.cli.text.Table;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code catena schedule}: snapshots that are taken by themselves. */
@Command(
        name = "schedule",
        description = "Snapshots that the agent takes by itself, and deletes again.",
        synopsisSubcommandLabel = "COMMAND")
final class ScheduleCommands {
    private final Session session;

    ScheduleCommands(Session session) {
        this.session = session;
    }

    @Command(description = "Make a schedule. Give when (--cron or --every) and what is kept (--keep-..., --max-...).")
    void create(
            @Parameters(paramLabel = "NAME", description = "What it is to be called.") String name,
            @Option(names = "--sr", paramLabel = "SR", required = true, description = "Whose disks it is for.")
                    String sr,
            @Option(names = "--dry-run", description = "Only tell what it would do.") boolean dryRun,
            @Mixin ScheduleOptions options) {
        JsonObject body = options.body();
        body.addProperty("name", name);
        body.addProperty("sr", sr);
        if (dryRun) {
            printPreview(session.agent().post("/v1/schedules/preview", body));
        } else {
            show(session.agent().post("/v1/schedules", body));
        }
    }

    @Command(
            description = "Change a schedule: what is given. With 0 a --keep-... or --max-... does not count any more.")
    void set(
            @Parameters(paramLabel = "SCHEDULE", description = ArgumentText.SCHEDULE) String schedule,
            @Option(names = "--name", paramLabel = "NAME", description = ArgumentText.NEW_NAME) @Nullable String name,
            @Option(names = "--dry-run", description = "Only tell what it would do then.") boolean dryRun,
            @Mixin ScheduleOptions options) {
        JsonObject body = options.body();
        if (name != null) {
            body.addProperty("name", name);
        }
        if (dryRun) {
            printPreview(session.agent().post(path(schedule) + "/preview", body));
        } else {
            show(session.agent().patch(path(schedule), body));
        }
    }

    @Command(description = "List the schedules.")
    void ls() {
        JsonElement answer = session.agent().get("/v1/schedules");
        session.print(answer, () -> {
            Table table = new Table("NAME", "WHEN", "ZONE", "NEXT", "LAST OK", "HEALTH", "ID");
            for (JsonElement one : answer.getAsJsonArray()) {
                JsonObject schedule = one.getAsJsonObject();
                JsonObject status = schedule.getAsJsonObject("status");
                table.row(
                        text(schedule, "name"),
                        when(schedule),
                        text(schedule, "timeZone"),
                        text(status, "nextDue"),
                        text(status, "lastOk"),
                        text(status, "health"),
                        text(schedule, "id"));
            }
            return table.toString();
        });
    }

    private static String when(JsonObject schedule) {
        return schedule.has("cron") ? text(schedule, "cron") : "every " + text(schedule, "everyMinutes") + " min";
    }

    private static String text(JsonObject object, String field) {
        return object.has(field) ? object.get(field).getAsString() : "";
    }

    @Command(description = "Show a schedule, and what came of its last due times.")
    void show(@Parameters(paramLabel = "SCHEDULE", description = ArgumentText.SCHEDULE) String schedule) {
        show(session.agent().get(path(schedule)));
    }

    private static String path(String schedule) {
        return "/v1/schedules/" + part(schedule);
    }

    private void show(JsonElement answer) {
        session.print(answer, () -> shown(answer.getAsJsonObject()));
    }

    private static String shown(JsonObject schedule) {
        JsonObject status = schedule.getAsJsonObject("status");
        Facts facts = new Facts();
        schedule.asMap().forEach((field, value) -> {
            if (!field.equals("status")) {
                facts.add(field, plain(value));
            }
        });
        facts.add("health", (text(status, "health") + " " + text(status, "reason")).strip())
                .add("next", text(status, "nextDue"));
        JsonArray runs = status.getAsJsonArray("runs");
        Table table = new Table("DUE", "OUTCOME", "SNAPSHOTS", "DELETED", "MISSED BEFORE", "REASON");
        for (JsonElement one : runs) {
            JsonObject run = one.getAsJsonObject();
            table.row(
                    text(run, "due"),
                    text(run, "outcome"),
                    run.getAsJsonArray("snapshots").size(),
                    run.getAsJsonArray("removed").size(),
                    text(run, "missed"),
                    text(run, "reason"));
        }
        return facts + (runs.isEmpty() ? "" : "\n" + table);
    }

    /** Lists and labels as they are given. */
    private static String plain(JsonElement value) {
        if (value.isJsonArray()) {
            return value.getAsJsonArray().asList().stream()
                    .map(JsonElement::getAsString)
                    .collect(Collectors.joining(", "));
        }
        if (value.isJsonObject()) {
            return value.getAsJsonObject().entrySet().stream()
                    .map(entry -> entry.getKey() + "=" + entry.getValue().getAsString())
                    .collect(Collectors.joining(", "));
        }
        return value.getAsString();
    }

    @Command(description = "Show when a schedule is due, its disks, and which of its snapshots stay and why.")
    void preview(
            @Parameters(paramLabel = "SCHEDULE", description = ArgumentText.SCHEDULE) String schedule,
            @Option(names = "--count", paramLabel = "N", defaultValue = "10", description = "How many due times.")
                    int count) {
        printPreview(session.agent().get(path(schedule) + "/preview?count=" + count));
    }

    private void printPreview(JsonElement answer) {
        session.print(answer, () -> {
            JsonObject preview = answer.getAsJsonObject();
            StringBuilder text = new StringBuilder("next:\n");
            preview.getAsJsonArray("due")
                    .forEach(due -> text.append("  ").append(due.getAsString()).append('\n'));
            text.append("disks:\n");
            preview.getAsJsonArray("disks")
                    .forEach(disk -> text.append("  ")
                            .append(called(disk.getAsJsonObject()))
                            .append('\n'));
            text.append("kept of a disk at most: ")
                    .append(text(preview, "mostKept"))
                    .append('\n');
            Table table = new Table("SNAPSHOT", "DUE", "STAYS", "WHY");
            for (JsonElement one : preview.getAsJsonArray("snapshots")) {
                JsonObject snapshot = one.getAsJsonObject();
                table.row(
                        text(snapshot, "vdi"),
                        text(snapshot, "due"),
                        snapshot.get("stays").getAsBoolean() ? "yes" : "no",
                        text(snapshot, "why"));
            }
            return text + (preview.getAsJsonArray("snapshots").isEmpty() ? "" : "\n" + table);
        });
    }

    private static String called(JsonObject disk) {
        String name = text(disk, "name");
        return name.isEmpty() ? text(disk, "vdi") : Table.printable(name) + " (" + text(disk, "vdi") + ")";
    }

    @Command(description = "Run a schedule now; what comes of it is in its runs.")
    void run(@Parameters(paramLabel = "SCHEDULE", description = ArgumentText.SCHEDULE) String schedule) {
        JsonElement answer = session.agent().post(path(schedule) + "/run");
        session.print(answer, () -> "begins; see: catena schedule show " + schedule);
    }

    @Command(description = "Let a schedule rest.")
    void pause(@Parameters(paramLabel = "SCHEDULE", description = ArgumentText.SCHEDULE) String schedule) {
        show(session.agent().post(path(schedule) + "/pause"));
    }

    @Command(description = "Go on after a pause; what was due meanwhile is not made up for.")
    void resume(@Parameters(paramLabel = "SCHEDULE", description = ArgumentText.SCHEDULE) String schedule) {
        show(session.agent().post(path(schedule) + "/resume"));
    }

    @Command(description = "Delete a schedule. Its snapshots stay.")
    void rm(
            @Parameters(paramLabel = "SCHEDULE", description = ArgumentText.SCHEDULE) String schedule,
            @Option(names = "--purge", description = "Delete its snapshots, too, but for those with the key \"keep\".")
                    boolean purge) {
        JsonElement answer = session.agent().delete(path(schedule) + (purge ? "?purge=true" : ""));
        session.print(answer, () -> "");
    }
}
