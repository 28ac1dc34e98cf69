package io.catena.agent.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LogsTest {
    @TempDir
    private Path directory;

    @Test
    void linesForTheJournalBeginWithTheirPriority() {
        LineFormatter formatter = new LineFormatter(true);
        assertThat(formatter.format(new LogRecord(Level.SEVERE, "event=e"))).startsWith("<3>level=severe ");
        assertThat(formatter.format(new LogRecord(Level.WARNING, "event=e"))).startsWith("<4>level=warning ");
        assertThat(formatter.format(new LogRecord(Level.INFO, "event=e")))
                .isEqualTo("<6>level=info logger=- event=e\n");
        assertThat(formatter.format(new LogRecord(Level.FINE, "event=e"))).startsWith("<7>level=fine ");
    }

    @Test
    void theJournalIsKnownByItsDeviceAndInode() throws IOException {
        Path stream = Files.createFile(directory.resolve("stderr"));
        String name = Files.getAttribute(stream, "unix:dev") + ":" + Files.getAttribute(stream, "unix:ino");
        assertThat(Logs.isJournal(name, stream)).isTrue();
        assertThat(Logs.isJournal("1:2", stream)).isFalse();
        assertThat(Logs.isJournal(null, stream)).isFalse();
    }
}
