package io.catena.agent.schedule;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.agent.json.Json;
import io.catena.agent.schedule.policy.ScheduleState;
import io.catena.api.SrId;
import io.catena.api.SrNotes;
import java.time.Instant;
import java.util.Random;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The notes of schedules lie in the SR: what says what cannot be is damaged, and no other schedule waits for it. */
class PlantedSchedulesTest {
    private static final Instant START = Instant.parse("2025-01-01T00:00:00Z");
    private static final String ID = new UUID(1, 1).toString();

    private final SimulatedSr sr = new SimulatedSr(new SrId(new UUID(7, 1)), 1, new Random(1));
    private final SrNotes notes = sr.repository().notes();
    private final ScheduleStore store = new ScheduleStore(notes);

    /** Writes a note as the store does, whoever can compute a checksum. */
    private void plant(String note, String json) {
        CRC32C crc = new CRC32C();
        crc.update(json.getBytes(UTF_8));
        notes.write(note, json + "\ncrc32c " + Long.toHexString(crc.getValue()) + "\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "id",
                "sr",
                "created",
                "timeZone",
                "mode",
                "quiesce",
                "onMissed",
                "blackouts",
                "snapshotName",
                "retention"
            })
    void aScheduleThatLacksSomethingIsDamaged(String field) {
        JsonObject json = JsonParser.parseString(Json.write(NightlySchedule.of(sr.id(), 1, START)))
                .getAsJsonObject();
        json.remove(field);
        plant("schedule-" + ID + ".def", json.toString());

        assertThatThrownBy(() -> store.schedule(ID)).isInstanceOf(ScheduleStore.DamagedException.class);
    }

    @Test
    void aStateThatLacksItsTimeIsDamaged() {
        plant("schedule-" + ID + ".run", "{\"runs\":[],\"done\":[]}");

        assertThatThrownBy(() -> store.state(ID)).isInstanceOf(ScheduleStore.DamagedException.class);
    }

    /** From such a time on the due instants would be counted for ever, or arithmetic would fail. */
    @ParameterizedTest
    @CsvSource({
        "lastDue,-1000000000-01-01T00:00:00Z",
        "lastDue,+1000000000-12-31T23:59:59Z",
        "lastDue,1969-12-31T23:59:59Z"
    })
    void aStateOfATimeThatNoClockShowsIsDamaged(String field, String time) {
        JsonObject json =
                JsonParser.parseString(Json.write(ScheduleState.fresh(START))).getAsJsonObject();
        json.addProperty(field, time);
        plant("schedule-" + ID + ".run", json.toString());

        assertThatThrownBy(() -> store.state(ID)).isInstanceOf(ScheduleStore.DamagedException.class);
    }

    @Test
    void schedulesThatAreTooLongTogetherAreNotAllKept() throws ScheduleStore.DamagedException {
        String json = Json.write(NightlySchedule.of(sr.id(), 1, START)) + " ".repeat(1_000_000);
        for (int i = 0; i < 12; i++) {
            plant("schedule-" + new UUID(2, i) + ".def", json);
        }
        for (int i = 0; i < 8; i++) {
            assertThat(store.schedule(new UUID(2, i).toString())).isPresent();
        }

        String last = new UUID(2, 11).toString();
        assertThatThrownBy(() -> store.schedule(last))
                .isInstanceOf(ScheduleStore.DamagedException.class)
                .hasMessageContaining("too long together");
        store.delete(new UUID(2, 0).toString());
        assertThat(store.schedule(last)).isPresent();
    }

    @Test
    void moreSchedulesThanThereCanBeAreNotRead() {
        for (int i = 0; i < ScheduleStore.MOST_SCHEDULES + 100; i++) {
            notes.write("schedule-" + new UUID(3, i) + ".def", "");
        }

        assertThat(store.ids()).hasSize(ScheduleStore.MOST_SCHEDULES);
    }
}
