package io.catena.agent.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What can be said of a schedule. */
final class ScheduleOptions {
    @Option(
            names = "--cron",
            paramLabel = "CRON",
            description = "Minute, hour, day, month and weekday, as in \"30 2 * * *\".")
    private @Nullable String cron;

    @Option(names = "--zone", paramLabel = "ZONE", description = "The time zone, as Europe/Berlin. Default: UTC.")
    private @Nullable String timeZone;

    @Option(names = "--every", paramLabel = "MINUTES", description = "Instead of --cron.")
    private @Nullable Integer everyMinutes;

    @Option(names = "--anchor", paramLabel = "INSTANT", description = "One of the due times of --every.")
    private @Nullable String anchor;

    @Option(names = "--group", paramLabel = "GROUP", description = "The disks whose key \"group\" is this.")
    private @Nullable String group;

    @Option(
            names = "--mode",
            paramLabel = "together|each",
            description = "Whether all disks are cut at one instant. Default: together.")
    private @Nullable String mode;

    @Option(
            names = "--quiesce",
            paramLabel = "never|try|require",
            description = "Whether guests hold their file systems still. Default: try.")
    private @Nullable String quiesce;

    @Option(
            names = "--on-missed",
            paramLabel = "once|skip",
            description = "Whether the newest of what was missed is made up for. Default: once.")
    private @Nullable String onMissed;

    @Option(names = "--start-within", paramLabel = "MINUTES", description = "How late it may begin. Default: 360.")
    private @Nullable Integer startWithinMinutes;

    @Option(names = "--retries", paramLabel = "N", description = "How often it is tried again. Default: 3.")
    private @Nullable Integer retries;

    @Option(names = "--jitter", paramLabel = "SECONDS", description = "By how much it is put off at most. Default: 0.")
    private @Nullable Integer jitterSeconds;

    @Option(
            names = "--reserve-nodes",
            paramLabel = "N",
            description = "Nodes of each chain that are left for others. Default: 3.")
    private @Nullable Integer reserveNodes;

    @Option(names = "--snapshot-name", paramLabel = "TEXT", description = "With {disk}, {schedule} and {due}.")
    private @Nullable String snapshotName;

    @Option(names = "--keep-last", paramLabel = "N", description = "Keep the newest.")
    private @Nullable Integer keepLast;

    @Option(names = "--keep-hourly", paramLabel = "N", description = "Keep the first of each of so many hours.")
    private @Nullable Integer keepHourly;

    @Option(names = "--keep-daily", paramLabel = "N", description = "Keep the first of each of so many days.")
    private @Nullable Integer keepDaily;

    @Option(names = "--keep-weekly", paramLabel = "N", description = "Keep the first of each of so many weeks.")
    private @Nullable Integer keepWeekly;

    @Option(names = "--keep-monthly", paramLabel = "N", description = "Keep the first of each of so many months.")
    private @Nullable Integer keepMonthly;

    @Option(names = "--keep-yearly", paramLabel = "N", description = "Keep the first of each of so many years.")
    private @Nullable Integer keepYearly;

    @Option(names = "--max-age", paramLabel = "DAYS", description = "Keep none that is older.")
    private @Nullable Integer maxAgeDays;

    @Option(names = "--max-count", paramLabel = "N", description = "Keep no more.")
    private @Nullable Integer maxCount;

    @Option(names = "--vdi", paramLabel = "VDI", description = "A disk; may be given again. Default: all of the SR.")
    private @Nullable List<String> vdis;

    @Option(
            names = "--key",
            paramLabel = "KEY=VALUE",
            description = "The disks that have this key; may be given again.")
    private @Nullable Map<String, String> keys;

    @Option(names = "--exclude-key", paramLabel = "KEY=VALUE", description = "But not those that have this one.")
    private @Nullable Map<String, String> excludeKeys;

    @Option(names = "--blackout", paramLabel = "HH:MM-HH:MM", description = "When not to run; may be given again.")
    private @Nullable List<String> blackouts;

    @Option(names = "--partial", description = "Disks that are missing do not keep the others from being cut.")
    private boolean partial;

    /** Returns the fields of a request. */
    JsonObject body() {
        JsonObject body = new JsonObject();
        add(body, "cron", cron);
        add(body, "timeZone", timeZone);
        add(body, "everyMinutes", everyMinutes);
        add(body, "anchor", anchor);
        add(body, "group", group);
        add(body, "mode", mode);
        add(body, "quiesce", quiesce);
        add(body, "onMissed", onMissed);
        add(body, "startWithinMinutes", startWithinMinutes);
        add(body, "retries", retries);
        add(body, "jitterSeconds", jitterSeconds);
        add(body, "reserveNodes", reserveNodes);
        add(body, "snapshotName", snapshotName);
        add(body, "keepLast", keepLast);
        add(body, "keepHourly", keepHourly);
        add(body, "keepDaily", keepDaily);
        add(body, "keepWeekly", keepWeekly);
        add(body, "keepMonthly", keepMonthly);
        add(body, "keepYearly", keepYearly);
        add(body, "maxAgeDays", maxAgeDays);
        add(body, "maxCount", maxCount);
        add(body, "vdis", vdis);
        add(body, "blackouts", blackouts);
        add(body, "keys", keys);
        add(body, "excludeKeys", excludeKeys);
        if (partial) {
            body.addProperty("partial", true);
        }
        return body;
    }

    private static void add(JsonObject body, String field, @Nullable String value) {
        if (value != null) {
            body.addProperty(field, value);
        }
    }

    private static void add(JsonObject body, String field, @Nullable Integer value) {
        if (value != null) {
            body.addProperty(field, value);
        }
    }

    private static void add(JsonObject body, String field, @Nullable List<String> values) {
        if (values != null) {
            JsonArray list = new JsonArray();
            values.forEach(list::add);
            body.add(field, list);
        }
    }

    private static void add(JsonObject body, String field, @Nullable Map<String, String> values) {
        if (values != null) {
            JsonObject map = new JsonObject();
            values.forEach(map::addProperty);
            body.add(field, map);
        }
    }
}
