package io.catena.agent.schedule;

import io.catena.agent.schedule.policy.Retention.Made;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.api.VdiOperations;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which snapshots a schedule made. Their ids are computed of the SR, the schedule, the due instant and the disk: a key that somebody
 * copied makes no snapshot ours, and a snapshot that was taken is found again by whoever wonders.
 */
final class OwnSnapshots {
    static final String SCHEDULE_KEY = "catena.schedule";
    static final String DUE_KEY = "catena.due";

    /** A snapshot with this key is never deleted by a schedule. */
    static final String PIN_KEY = "keep";

    private OwnSnapshots() {}

    static VdiId idOf(Schedule schedule, Instant due, VdiId disk) {
        return VdiId.ofClientName(schedule.sr(), "schedule/" + schedule.id() + "/" + due + "/" + disk);
    }

    static Map<String, String> keys(Schedule schedule, Instant due) {
        return Map.of(SCHEDULE_KEY, schedule.id(), DUE_KEY, due.toString());
    }

    /** Returns those of one disk. */
    static List<Made<Vdi>> of(Schedule schedule, VdiId disk, List<Vdi> all) {
        return all.stream()
                .filter(vdi -> disk.equals(vdi.snapshotOf()))
                .flatMap(vdi -> due(schedule, vdi).map(due -> new Made<>(vdi, due, held(vdi))).stream())
                .toList();
    }

    /** Returns when a snapshot was due; nothing if it is none of the schedule. */
    static Optional<Instant> due(Schedule schedule, Vdi vdi) {
        VdiId disk = vdi.snapshotOf();
        if (disk == null || !schedule.id().equals(vdi.keys().get(SCHEDULE_KEY))) {
            return Optional.empty();
        }
        try {
            Instant due = Instant.parse(Objects.requireNonNullElse(vdi.keys().get(DUE_KEY), ""));
            return Optional.of(due).filter(d -> vdi.vdi().equals(idOf(schedule, d, disk)));
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    private static @Nullable String held(Vdi vdi) {
        if (vdi.keys().containsKey(PIN_KEY)) {
            return "pinned by its key \"" + PIN_KEY + "\"";
        }
        return vdi.holds().isEmpty() ? null : "attached";
    }

    /** Returns when the newest of all was due. */
    static Optional<Instant> newest(Schedule schedule, VdiOperations repository) {
        return repository.vdis().stream()
                .flatMap(vdi -> due(schedule, vdi).stream())
                .max(Instant::compareTo);
    }
}
