package io.catena.agent.api.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.state.Ticker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What somebody did stays to be seen, whatever those do who may do nothing. */
class AuditLogTest {
    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
    private static final int SMALL_BYTES = 16 << 10;
    private static final int MANY = 1000;

    @TempDir
    private Path directory;

    private final Ticker ticker = new Ticker("test");
    private AuditLog log;

    @BeforeEach
    void open() throws IOException {
        log = new AuditLog(directory.resolve("audit.jsonl"), ticker, SMALL_BYTES);
    }

    @AfterEach
    void close() throws IOException {
        ticker.close();
        log.close();
    }

    private static AuditLog.Entry entry(String caller, String path, Instant time) {
        return new AuditLog.Entry(time, "1", caller, "-", "tls 10.0.0.7", "POST", path, null, 401, null, null, 1);
    }

    @Test
    void whoIsNotLetInPushesNothingOut() throws IOException {
        log.add(entry("token ann", "/v1/srs", NOON));
        for (int i = 0; i < MANY; i++) {
            log.add(entry(AuditLog.Entry.STRANGER, "/" + "x".repeat(10_000), NOON));
        }

        assertThat(log.newest(MANY)).hasSize(21);
        assertThat(log.newest(MANY).get(20).toString()).contains("token ann");
        log.add(entry(AuditLog.Entry.STRANGER, "/", NOON.plusSeconds(60)));
        assertThat(log.newest(MANY)).hasSize(22);
    }
}
