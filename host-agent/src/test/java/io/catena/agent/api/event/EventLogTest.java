package io.catena.agent.api.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class EventLogTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "-7", "9223372036854775807", "99999999999999999999"})
    void aDamagedNoteOfIdsIsNoReasonNotToStartAndGivesNoIdTwice(String damaged) throws IOException {
        long before = happened();
        Files.writeString(directory.resolve("last-id"), damaged);

        long after = happened();

        assertThat(after).isGreaterThan(before);
        try (EventLog log = new EventLog(directory, Clock.systemUTC())) {
            assertThat(log.after(after, 10).reset()).isFalse();
            assertThat(log.after(before + 5, 10).reset()).isTrue();
        }
    }

    @Test
    void withoutAnyEventReadersGetTheNextOnes() throws IOException {
        Files.writeString(directory.resolve("last-id"), "x");
        try (EventLog log = new EventLog(directory, Clock.systemUTC())) {
            long last = log.lastId();
            log.happened("x", null, null, null, Map.of());
            assertThat(log.after(last, 10).events()).hasSize(1);
            assertThat(log.after(7, 10).reset()).isTrue();
            assertThat(log.after(7, 10).events()).hasSize(1);
        }
    }

    /** Returns the id of an event. */
    private long happened() throws IOException {
        try (EventLog log = new EventLog(directory, Clock.systemUTC())) {
            log.happened("x", null, null, null, Map.of());
            return log.lastId();
        }
    }
}
