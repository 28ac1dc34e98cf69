package io.catena.sr.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.stream.MalformedJsonException;
import io.catena.sr.record.NameRoom;
import io.catena.store.FileStorage;
import io.catena.store.TooManyNamesException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SeenNoteTest {
    @TempDir
    Path directory;

    private FileStorage storage;

    @BeforeEach
    void open() {
        storage = new FileStorage(directory);
    }

    private static SortedMap<String, SeenFile> files(int count) {
        SortedMap<String, SeenFile> files = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            UUID id = new UUID(i, i);
            files.put(id + ".vhd", new SeenFile(i + " born at 1764300000.123456789", id.toString(), id + ".vhd"));
        }
        return files;
    }

    /** Were the note given up for its size, a swapped disk would go unnoticed in a large SR. */
    @Test
    void theLargestSrFitsIn() throws IOException {
        SortedMap<String, SeenFile> files = files(NameRoom.MOST_NODES);
        SeenNote.write(storage, files);
        assertThat(SeenNote.read(storage).orElseThrow().equals(files)).isTrue();
    }

    @Test
    void whatIsNotKnownIsLeftOut() throws IOException {
        SortedMap<String, SeenFile> files = new TreeMap<>();
        files.put("\"b\u2028ase<.vhd", new SeenFile(null, null, null));
        SeenNote.write(storage, files);

        assertThat(Files.readString(directory.resolve(".catena/files.json"))).endsWith(":{}}}");
        assertThat(SeenNote.read(storage)).contains(files);
    }

    @Test
    void moreThanAnSrHasIsNotBelieved() throws IOException {
        SeenNote.write(storage, files(NameRoom.MOST_NODES + 1));
        assertThatThrownBy(() -> SeenNote.read(storage)).isInstanceOf(TooManyNamesException.class);
    }

    /** As it was written before, with line breaks. */
    @Test
    void blanksDoNotMatter() throws IOException {
        text(
                "{\n  \"files\": {\n    \"a.vhd\": {\n      \"uniqueId\": \"x\",\n      \"more\": [1]\n    }\n  },\n \"x\": 1}\n");
        assertThat(SeenNote.read(storage).orElseThrow()).containsEntry("a.vhd", new SeenFile(null, "x", null));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{\"files\":null}", "{\"files\":[1]}", "{\"more\":{}}"})
    void aNoteMayTellNothing(String text) throws IOException {
        text(text);
        assertThat(SeenNote.read(storage)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "[]",
                "x",
                "{",
                "{\"files\":{",
                "{\"files\":{\"a\":null}}",
                "{\"files\":{\"a\":{\"parent\":{}}}}",
                "{\"files\":{\"a\":{},\"a\":{}}}",
                "{} {}"
            })
    void damageIsTold(String text) throws IOException {
        text(text);
        assertThatThrownBy(() -> SeenNote.read(storage))
                .isInstanceOfAny(RuntimeException.class, MalformedJsonException.class, EOFException.class);
    }

    private void text(String text) throws IOException {
        Path file = directory.resolve(".catena/files.json");
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }
}
