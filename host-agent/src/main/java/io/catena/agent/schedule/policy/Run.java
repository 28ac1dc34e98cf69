package io.catena.agent.schedule.policy;

import com.google.gson.annotations.SerializedName;
import io.catena.api.VdiId;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * What came of a due instant.
 *
 * @param reason why, if it is not all well; how consistent the snapshots are, if it is
 * @param missed how many earlier due instants it stands for
 * @param writtenBytes what the disks held that was not in the snapshot before
 * @param removed the snapshots that were deleted afterwards
 */
public record Run(
        Instant due,
        Instant ended,
        Outcome outcome,
        String reason,
        int missed,
        List<VdiId> snapshots,
        long writtenBytes,
        List<VdiId> removed) {
    private static final int MOST_NAMED = 5;

    public Run {
        ScheduleState.requireTime("due", due);
        Objects.requireNonNull(outcome, "outcome");
        Objects.requireNonNull(reason, "reason");
        snapshots = List.copyOf(snapshots);
        removed = List.copyOf(removed);
    }

    /** How it ended. */
    public enum Outcome {
        @SerializedName("ok")
        OK,
        @SerializedName("failed")
        FAILED,
        @SerializedName("skipped")
        SKIPPED,
        @SerializedName("missed")
        MISSED
    }

    /**
     * Returns this, which came to nothing as a whole, with the snapshots that were taken all the same.
     *
     * @param of how many were to be taken
     */
    public Run inPart(List<VdiId> taken, int of, Schedule schedule) {
        String named = taken.stream().limit(MOST_NAMED).map(VdiId::toString).collect(Collectors.joining(", "));
        String why = reason + "; " + taken.size() + " of " + of + " snapshots were taken, in SR " + schedule.sr() + ": "
                + named + (taken.size() > MOST_NAMED ? " and others" : "")
                + ". They stay and go by the schedule's rule; to have one of each disk, run the schedule again";
        return new Run(due, ended, outcome, why, missed, taken, writtenBytes, removed);
    }

    /** Returns this with what was deleted afterwards. */
    public Run removing(List<VdiId> deleted) {
        return new Run(due, ended, outcome, reason, missed, snapshots, writtenBytes, deleted);
    }
}
