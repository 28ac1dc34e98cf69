package io.catena.agent.schedule.policy;

import com.google.gson.annotations.SerializedName;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A schedule as its owner wants it. It belongs to one SR, whose disks it is for, and is kept there.
 *
 * @param id a UUID
 * @param created due instants before are of no concern
 * @param enabled false while it is paused
 * @param cron null if it is every so many minutes
 * @param anchor one of the due instants of {@code everyMinutes}; null for midnight, UTC
 * @param vdis the disks; null if they are told otherwise
 * @param keys the disks that have all these keys; null if they are told otherwise
 * @param group the disks whose key "group" is this; null if they are told otherwise. If nothing tells, all of the SR
 * @param excludeKeys disks that have any of these keys are left out
 * @param partial whether disks that are missing do not keep the others from being cut
 * @param blackouts "HH:MM-HH:MM" in {@code timeZone}
 * @param startWithinMinutes how late a snapshot may be taken
 * @param retries how often one that failed is tried again
 * @param jitterSeconds by at most how much it is put off, always the same, so that not all begin at once
 * @param reserveNodes how many nodes of each chain are left for others
 * @param snapshotName what snapshots are called; {disk}, {schedule} and {due} are replaced
 */
public record Schedule(
        String id,
        String name,
        SrId sr,
        Instant created,
        boolean enabled,
        @Nullable String cron,
        String timeZone,
        @Nullable Integer everyMinutes,
        @Nullable Instant anchor,
        @Nullable List<VdiId> vdis,
        @Nullable Map<String, String> keys,
        @Nullable String group,
        Map<String, String> excludeKeys,
        Mode mode,
        boolean partial,
        Quiesce quiesce,
        List<String> blackouts,
        OnMissed onMissed,
        int startWithinMinutes,
        int retries,
        int jitterSeconds,
        int reserveNodes,
        String snapshotName,
        Retention retention) {
    private static final int MINUTES_A_YEAR = 527_040;
    private static final int MOST_TEXT = 200;
    private static final int MOST_ENTRIES = 1000;

    /** Whether the disks are cut at one instant. */
    public enum Mode {
        @SerializedName("together")
        TOGETHER,
        @SerializedName("each")
        EACH
    }

    /** Whether guests are to hold their file systems still. */
    public enum Quiesce {
        @SerializedName("never")
        NEVER,
        @SerializedName("try")
        TRY,
        @SerializedName("require")
        REQUIRE
    }

    /** What is done with a due instant at which nobody was there. */
    public enum OnMissed {
        /** The newest of them is made up for. */
        @SerializedName("once")
        ONCE,
        @SerializedName("skip")
        SKIP
    }

    /**
     * @throws SrException {@link SrError#BAD_REQUEST} if it makes no sense
     * @throws NullPointerException if something is missing, as it may be in a note
     */
    public Schedule {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(sr, "sr");
        Objects.requireNonNull(timeZone, "timeZone");
        Objects.requireNonNull(mode, "mode");
        Objects.requireNonNull(quiesce, "quiesce");
        Objects.requireNonNull(onMissed, "onMissed");
        ScheduleState.requireTime("created", created);
        vdis = vdis == null ? null : List.copyOf(vdis);
        keys = keys == null ? null : Map.copyOf(keys);
        excludeKeys = Map.copyOf(excludeKeys);
        blackouts = List.copyOf(blackouts);
        text("name", name);
        text("snapshotName", snapshotName);
        if ((cron == null) == (everyMinutes == null)) {
            throw bad("A schedule needs either \"cron\" or \"everyMinutes\"").field("cron");
        }
        if (everyMinutes != null) {
            range("everyMinutes", everyMinutes, 1, MINUTES_A_YEAR);
        }
        if (anchor != null) {
            ScheduleState.requireTime("anchor", anchor);
        }
        range("startWithinMinutes", startWithinMinutes, 1, MINUTES_A_YEAR);
        range("retries", retries, 0, 100);
        range("jitterSeconds", jitterSeconds, 0, 86_400);
        range("reserveNodes", reserveNodes, 0, 200);
        count("vdis", vdis == null ? 1 : vdis.size(), 1, MOST_ENTRIES);
        count("blackouts", blackouts.size(), 0, 20);
        int told = (vdis == null ? 0 : 1) + (keys == null || keys.isEmpty() ? 0 : 1) + (group == null ? 0 : 1);
        if (told > 1) {
            throw bad("Only one of \"vdis\", \"keys\" and \"group\" can tell the disks")
                    .field("vdis");
        }
        if (!retention.isBounded()) {
            throw bad("A schedule that deletes nothing fills its SR")
                    .correction("Say what is kept, for instance with \"keepLast\": 7 (--keep-last 7).")
                    .field("keepLast");
        }
        blackouts.forEach(Blackout::parse);
    }

    private static void text(String field, String value) {
        if (value.isBlank() || value.length() > MOST_TEXT || value.chars().anyMatch(Character::isISOControl)) {
            throw bad("\"" + field + "\" must have 1 to " + MOST_TEXT + " characters, none of them a control character")
                    .field(field);
        }
    }

    private static void range(String field, int value, int least, int most) {
        if (value < least || value > most) {
            throw bad("\"" + field + "\" is " + value + ", expected " + least + " to " + most)
                    .field(field);
        }
    }

    private static void count(String field, int count, int least, int most) {
        if (count < least || count > most) {
            throw bad("There are " + count + " \"" + field + "\", expected " + least + " to " + most)
                    .field(field);
        }
    }

    private static SrException bad(String message) {
        return new SrException(SrError.BAD_REQUEST, message);
    }

    /** Returns the zone in which its days begin. */
    public ZoneId zone() {
        try {
            return ZoneId.of(timeZone);
        } catch (DateTimeException e) {
            throw new SrException(SrError.BAD_REQUEST, "\"timeZone\" is \"" + timeZone + "\": " + e.getMessage(), e)
                    .correction("Give one like Europe/Berlin, or UTC.")
                    .field("timeZone");
        }
    }

    /** Returns when it is due. */
    public Timing timing() {
        if (cron != null) {
            return CronTiming.parse(cron, zone());
        }
        Duration period = Duration.ofMinutes(everyMinutes == null ? 1 : everyMinutes);
        return new EveryTiming(period, anchor == null ? Instant.EPOCH : anchor);
    }

    /**
     * Throws if it is never due, or its snapshots do not fit into a chain.
     *
     * @param others how many snapshots other schedules keep of the same disks
     */
    public void check(Instant now, int chainLimit, int others) {
        Timing timing = timing();
        if (timing.next(now).isEmpty()) {
            throw bad("\"" + cron + "\" is never due").field("cron");
        }
        int most = mostKept(timing, now);
        int needed = most + others + 2 + reserveNodes;
        if (most > chainLimit || needed > chainLimit) {
            throw bad("The schedule keeps up to " + most + " snapshots of a disk"
                            + (others == 0 ? "" : ", other schedules " + others)
                            + ", and takes the next before it deletes one: with the disk itself and a reserve of "
                            + reserveNodes + " that is " + needed + " nodes, and the SR's limit is " + chainLimit)
                    .correction("Keep fewer, lower \"reserveNodes\", or raise the SR's limit.");
        }
    }

    /** Returns how many snapshots of a disk it keeps at most. */
    public int mostKept(Timing timing, Instant now) {
        return retention.most(timing, now);
    }

    /** Returns by how much it is put off. */
    Duration jitter() {
        return Duration.ofSeconds(jitterSeconds == 0 ? 0 : Math.floorMod(id.hashCode(), jitterSeconds + 1));
    }

    Duration startWithin() {
        return Duration.ofMinutes(startWithinMinutes);
    }

    /** Returns the first instant, not before {@code instant}, that is in no blackout. */
    Instant outsideBlackouts(Instant instant) {
        Instant at = instant;
        for (int i = 0; i <= 2 * blackouts.size(); i++) {
            for (String blackout : blackouts) {
                at = Blackout.parse(blackout).endAt(at, zone());
            }
        }
        return at;
    }

    /** Returns this, paused or not. */
    public Schedule enabled(boolean on) {
        return new Schedule(
                id,
                name,
                sr,
                created,
                on,
                cron,
                timeZone,
                everyMinutes,
                anchor,
                vdis,
                keys,
                group,
                excludeKeys,
                mode,
                partial,
                quiesce,
                blackouts,
                onMissed,
                startWithinMinutes,
                retries,
                jitterSeconds,
                reserveNodes,
                snapshotName,
                retention);
    }
}
