package io.catena.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StoredTextTest {
    @TempDir
    Path directory;

    private Storage storage;

    @BeforeEach
    void makeStorage() {
        storage = new FileStorage(directory);
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        StoredText.write(storage, "d/a.json", "{\"name\":\"größer\"}");
        assertThat(StoredText.read(storage, "d/a.json")).contains("{\"name\":\"größer\"}");
    }

    @Test
    void aShorterTextReplacesALongerWhole() throws IOException {
        StoredText.write(storage, "a", "long text");
        StoredText.write(storage, "a", "x");
        assertThat(StoredText.read(storage, "a")).contains("x");
        assertThat(storage.list("")).containsExactly("a");
    }

    @Test
    void whatAnInterruptedWriteLeftIsReplaced() throws IOException {
        Files.writeString(directory.resolve("a.new"), "half");
        StoredText.write(storage, "a", "whole");
        assertThat(StoredText.read(storage, "a")).contains("whole");
    }

    @Test
    void thereIsNoTextWithoutAFile() throws IOException {
        assertThat(StoredText.read(storage, "a")).isEmpty();
    }

    @Test
    void aFileTooLargeIsNotRead() throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(directory.resolve("a").toFile(), "rw")) {
            file.setLength((64 << 20) + 1);
        }
        assertThatThrownBy(() -> StoredText.read(storage, "a")).hasMessageContaining("67108865 bytes");
    }

    @Test
    void aFileTooLargeForOneThingIsNotReadAsThat() throws IOException {
        StoredText.write(storage, "a", "x".repeat(128 << 10));
        assertThat(StoredText.readSmall(storage, "a")).isPresent();

        StoredText.write(storage, "a", "x".repeat((128 << 10) + 1));
        assertThat(StoredText.read(storage, "a")).isPresent();
        assertThatThrownBy(() -> StoredText.readSmall(storage, "a"))
                .isInstanceOf(StoredText.TooLargeException.class)
                .hasMessageContaining("131073 bytes");
    }

    @Test
    void whatCouldNotBeReadAgainIsNotWritten() throws IOException {
        StoredText.write(storage, "a", "old");
        String large = "x".repeat((8 << 20) + 1);

        assertThatThrownBy(() -> StoredText.write(storage, "a", large))
                .isInstanceOf(StoredText.TooLargeException.class);
        assertThat(StoredText.read(storage, "a")).contains("old");

        StoredText.writeLong(storage, "a", large);
        assertThat(StoredText.readLong(storage, "a")).isPresent();
        assertThatThrownBy(() -> StoredText.read(storage, "a")).isInstanceOf(StoredText.TooLargeException.class);
    }

    @Test
    void severalAreReplacedTogether() throws IOException {
        StoredText.write(storage, "d/a", "old");
        Files.writeString(directory.resolve("d/b.new"), "half");
        StoredText.writeAll(storage, Map.of("d/a", "new", "d/b", "other"));
        assertThat(StoredText.read(storage, "d/a")).contains("new");
        assertThat(StoredText.read(storage, "d/b")).contains("other");
        assertThat(storage.list("d")).containsExactly("d/a", "d/b");
    }

    @Test
    void noneOfSeveralIsReplacedIfOneCannotBeLaidReady() throws IOException {
        StoredText.write(storage, "d/a", "old");
        Files.createDirectory(directory.resolve("d/b.new"));
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("d/a", "new");
        texts.put("d/b", "other");
        assertThatThrownBy(() -> StoredText.writeAll(storage, texts)).isInstanceOf(IOException.class);
        assertThat(storage.list("d")).containsExactly("d/a");
        assertThat(StoredText.read(storage, "d/a")).contains("old");

        texts.put("d/b", "x".repeat((8 << 20) + 1));
        assertThatThrownBy(() -> StoredText.writeAll(storage, texts)).isInstanceOf(StoredText.TooLargeException.class);
        assertThat(storage.list("d")).containsExactly("d/a");
    }
}
