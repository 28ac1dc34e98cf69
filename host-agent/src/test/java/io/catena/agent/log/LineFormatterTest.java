package io.catena.agent.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.log.LogLine;
import java.time.Instant;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

final class LineFormatterTest {
    @Test
    void eventsKeepTheirKeys() {
        assertThat(format(LogLine.of("sr-attached", "sr", 7, "name", "my disks", "path", "/srv/a\"b")))
                .isEqualTo("time=1970-01-01T00:00:00Z level=info logger=Host event=sr-attached sr=7 name=\"my disks\""
                        + " path=\"/srv/a\\\"b\"\n");
    }

    @Test
    void aNameCannotForgeALineOrAKey() {
        assertThat(LogLine.of("e", "name", "x\nevent=fake", "n", "a b=c", "z", "\u001b[2J", "empty", ""))
                .isEqualTo("event=e name=\"x\\nevent=fake\" n=\"a b=c\" z=\"\\u001b[2J\" empty=\"\"");
    }

    @Test
    void otherTextsAndTracesStayOnTheLine() {
        LogRecord record = record("Job 3 failed:\nbadly");
        record.setThrown(new IllegalStateException("no"));
        assertThat(new LineFormatter(false).format(record))
                .contains("msg=\"Job 3 failed:\\nbadly\"", "trace=\"java.lang.IllegalStateException: no\\n")
                .containsOnlyOnce("\n");
    }

    private static String format(String message) {
        return new LineFormatter(false).format(record(message));
    }

    private static LogRecord record(String message) {
        LogRecord record = new LogRecord(Level.INFO, message);
        record.setLoggerName("io.catena.agent.host.Host");
        record.setInstant(Instant.EPOCH);
        return record;
    }
}
