package io.catena.agent.api.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keys are kept for a day, and no caller fills the disk with them. */
class ReplaysTest {
    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
    private static final int MOST = 3;

    @TempDir
    private Path directory;

    private Clock clock = Clock.fixed(NOON, ZoneOffset.UTC);
    private Replays replays;

    @BeforeEach
    void open() throws IOException {
        replays = new Replays(directory, clock, UUID::randomUUID, MOST);
    }

    private Replays.Turn begin(String caller, int key) {
        return replays.begin(new Replays.Request(caller, "key" + key, "createVdi", "/v1/vdis", new byte[0]));
    }

    private void done(String caller, int key) {
        begin(caller, key).keep(new Replays.Kept(201, "application/json", "{}", Map.of(), null, null));
    }

    @Test
    void aCallerWithTooManyNewKeysIsRefusedAndNoOtherIs() {
        for (int key = 0; key < MOST; key++) {
            done("token ann", key);
        }

        assertThatThrownBy(() -> begin("token ann", MOST))
                .isInstanceOfSatisfying(
                        Replays.Refusal.class, e -> assertThat(e.status()).isEqualTo(429))
                .hasMessageContaining("token ann has sent 3 requests with keys");
        assertThat(begin("token ann", 0).kept()).as("one that was asked before").isNotNull();
        assertThat(begin("token ben", 0).kept()).isNull();
    }

    @Test
    void anotherDayIsAnother() throws IOException {
        Instant[] now = {NOON};
        clock = new Clock() {
            @Override
            public ZoneOffset getZone() {
                return ZoneOffset.UTC;
            }

            @Override
            public Clock withZone(ZoneId zone) {
                return this;
            }

            @Override
            public Instant instant() {
                return now[0];
            }
        };
        open();
        for (int key = 0; key < MOST; key++) {
            done("token ann", key);
        }
        now[0] = NOON.plus(Duration.ofHours(25));

        assertThat(begin("token ann", MOST).kept()).isNull();
    }
}
