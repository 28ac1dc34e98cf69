package io.catena.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JobNumbersTest {
    private final Path file;

    JobNumbersTest(@TempDir Path directory) {
        file = directory.resolve("job-numbers");
    }

    @Test
    void noNumberIsGivenTwiceHoweverOftenTheAgentDies() throws IOException {
        Set<Long> given = new HashSet<>();
        long last = 0;
        for (int restart = 0; restart < 5; restart++) {
            JobNumbers numbers = new JobNumbers(file);
            for (int i = 0; i < 150; i++) {
                long next = numbers.next();
                assertThat(next).isGreaterThan(last);
                last = next;
                given.add(next);
            }
        }
        assertThat(given).hasSize(750);
        assertThat(new JobNumbers(file.resolveSibling("other")).next()).isEqualTo(1);
    }

    @Test
    void jobsThatBeginAgainKeepTheirNumbersFromOthers() throws IOException {
        JobNumbers numbers = new JobNumbers(file);
        numbers.skipTo(1234);
        assertThat(numbers.next()).isEqualTo(1235);
        assertThat(new JobNumbers(file).next()).isGreaterThan(1235);
    }

    @Test
    void aFileWithoutANumberIsRefused() throws IOException {
        Files.writeString(file, "seven");
        assertThatThrownBy(() -> new JobNumbers(file)).isInstanceOf(IOException.class);
    }
}
