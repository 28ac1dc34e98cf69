package io.catena.harness.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TraceFilesTest {
    private final TraceFiles files;
    private final List<String> lines = new ArrayList<>();

    TraceFilesTest() throws IOException {
        files = TraceFiles.make();
    }

    @Test
    void eachWholeLineIsToldOnce() throws IOException {
        Path file = files.directory().resolve("answers");
        Files.writeString(file, "one\ntw");
        files.forEachNewLine(lines::add);
        assertThat(lines).containsExactly("one");
        Files.writeString(file, "o\n", StandardOpenOption.APPEND);
        files.forEachNewLine(lines::add);
        files.delete();

        assertThat(lines).containsExactly("one", "two");
        assertThat(files.directory()).doesNotExist();
    }

    @Test
    void whoeverDeletedTheDirectoryIsToldWhatToDo() {
        files.delete();

        assertThatThrownBy(() -> files.forEachNewLine(lines::add))
                .isInstanceOf(TracesGoneException.class)
                .hasMessageContaining(files.directory().toString())
                .hasMessageContaining("run the class again");
    }
}
