package io.catena.agent.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.sr.tree.TreeScanner;
import io.catena.store.Storage;
import io.catena.store.TooManyNamesException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A directory of the host in which somebody made more files than are kept in memory. */
@Tag("slow")
class CrowdedTmpfsTest {
    private static final int FILES = Storage.MOST_NAMES + 1000;

    private Path directory;

    @BeforeEach
    void make() throws IOException {
        directory = Files.createTempDirectory(Path.of("/dev/shm"), "catena-crowd");
        Path first = Files.createFile(directory.resolve("first.vhd"));
        for (int i = 1; i < FILES; i++) {
            Files.createLink(directory.resolve(i + ".vhd"), first);
        }
    }

    @AfterEach
    void delete() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }

    @Test
    void itIsLookedThroughOnlyForWhatIsThere() throws IOException {
        Storage storage = LinuxFiles.storage(directory);

        assertThatThrownBy(() -> storage.list(""))
                .isInstanceOf(TooManyNamesException.class)
                .hasMessageContaining("holds more than " + Storage.MOST_NAMES + " files");
        assertThatThrownBy(() -> TreeScanner.nodes(storage)).isInstanceOf(TooManyNamesException.class);
        assertThat(storage.list("", name -> name.startsWith("12345")))
                .containsExactly(
                        "12345.vhd",
                        "123450.vhd",
                        "123451.vhd",
                        "123452.vhd",
                        "123453.vhd",
                        "123454.vhd",
                        "123455.vhd",
                        "123456.vhd",
                        "123457.vhd",
                        "123458.vhd",
                        "123459.vhd");
        assertThat(storage.stamps("", "first.vhd"::equals)).containsOnlyKeys("first.vhd");
    }
}
