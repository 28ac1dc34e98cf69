package io.catena.agent.schedule;

import com.google.gson.JsonParseException;
import io.catena.agent.json.Json;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.agent.schedule.policy.ScheduleState;
import io.catena.api.SrNotes;
import io.catena.api.Uuids;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The schedules of an SR and how far they have come, as notes in the SR: whoever has the SR next, on this host or another, goes on
 * where the last one was. Each note is one line of JSON and one with its CRC-32C. For one thread at a time.
 */
final class ScheduleStore {
    private static final String PREFIX = "schedule-";
    private static final String DEFINITION = ".def";
    private static final String STATE = ".run";

    /** In an SR; more are not read, whoever put them there. */
    static final int MOST_SCHEDULES = 1000;

    /** Of all notes; what is read of them is kept. */
    private static final int MOST_CHARACTERS = 8 << 20;

    private final SrNotes notes;

    /** How long the notes are that were read. */
    private final Map<String, Integer> lengths = new HashMap<>();

    ScheduleStore(SrNotes notes) {
        this.notes = notes;
    }

    /** A note that says what cannot be. */
    static final class DamagedException extends Exception {
        private static final long serialVersionUID = 1;

        DamagedException(String note, String why) {
            super("the note " + note + " is damaged: " + why);
        }
    }

    /** Returns the ids of the schedules. */
    List<String> ids() {
        return notes.names().stream()
                .filter(name -> name.startsWith(PREFIX) && name.endsWith(DEFINITION))
                .map(name -> name.substring(PREFIX.length(), name.length() - DEFINITION.length()))
                .filter(Uuids::isUuid)
                .limit(MOST_SCHEDULES)
                .toList();
    }

    Optional<Schedule> schedule(String id) throws DamagedException {
        return read(PREFIX + id + DEFINITION, Schedule.class);
    }

    Optional<ScheduleState> state(String id) throws DamagedException {
        return read(PREFIX + id + STATE, ScheduleState.class);
    }

    /** Durable when it returns. */
    void write(Schedule schedule) {
        notes.write(PREFIX + schedule.id() + DEFINITION, sealed(Json.write(schedule)));
    }

    /** Durable when it returns. */
    void write(String id, ScheduleState state) {
        notes.write(PREFIX + id + STATE, sealed(Json.write(state)));
    }

    /** The definition goes first: what is left of a crash in between is never taken for a schedule. */
    void delete(String id) {
        notes.delete(PREFIX + id + DEFINITION);
        notes.delete(PREFIX + id + STATE);
        lengths.remove(PREFIX + id + DEFINITION);
        lengths.remove(PREFIX + id + STATE);
    }

    private <T> Optional<T> read(String note, Class<T> type) throws DamagedException {
        Optional<String> text = notes.read(note);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        String json = text.get().lines().findFirst().orElse("");
        if (!fits(note, json.length())) {
            throw new DamagedException(note, "the schedules of the SR are too long together");
        }
        if (!sealed(json).equals(text.get())) {
            throw new DamagedException(note, "its checksum is another");
        }
        try {
            return Optional.of(Json.read(json, type));
        } catch (JsonParseException e) {
            throw new DamagedException(note, String.valueOf(e.getMessage()));
        }
    }

    private boolean fits(String note, int length) {
        lengths.put(note, length);
        boolean fits = lengths.values().stream().mapToLong(Integer::longValue).sum() <= MOST_CHARACTERS;
        if (!fits) {
            lengths.remove(note);
        }
        return fits;
    }

    private static String sealed(String json) {
        CRC32C crc = new CRC32C();
        crc.update(json.getBytes(StandardCharsets.UTF_8));
        return json + "\ncrc32c " + Long.toHexString(crc.getValue()) + "\n";
    }
}
