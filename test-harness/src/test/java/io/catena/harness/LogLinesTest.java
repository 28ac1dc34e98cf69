package io.catena.harness;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.peer.AgentProcess;
import io.catena.log.LogLine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** All lines of the log are made in one place, where values are quoted: no file's name can forge a key. */
final class LogLinesTest {
    @Test
    void nobodyWritesLinesByHand() throws IOException {
        Path home = Path.of(System.getProperty(AgentProcess.HOME_PROPERTY));
        assertThat(byHand(home.resolve("driver/src/main"))).isEmpty();
        assertThat(byHand(home.resolve("sm-api/src/main"))).containsExactly(LogLine.class.getSimpleName() + ".java");
        assertThat(byHand(home.resolve("host-agent/src/main"))).containsExactly("LineFormatter.java");
    }

    private static List<String> byHand(Path sources) throws IOException {
        try (Stream<Path> files = Files.walk(sources)) {
            return files.filter(file ->
                            file.toString().endsWith(".java") && text(file).contains("\"event="))
                    .map(file -> String.valueOf(file.getFileName()))
                    .toList();
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
