package io.catena.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.store.FileStorage;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A journal that somebody made up or damaged changes nothing but disks. */
class JournalNamesTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(
            strings = {".catena/sr.json", "../x", "/etc/passwd", "a/b", ".", "..", "", "a\\u0000b", ".catena", "a\\nb"})
    void aNameThatIsNoDisksIsRefusedBeforeAnyStep(String name) throws IOException {
        Storage storage = new FileStorage(directory);
        StoredText.write(storage, ".catena/sr.json", "{}");
        StoredText.write(storage, "disk.vhd", "disk");
        for (String record : List.of(
                "{\"operation\":\"Relink\",\"node\":\"NAME\",\"children\":[]}",
                "{\"operation\":\"Replace\",\"prepared\":\".catena/tmp/x\",\"name\":\"disk.vhd\",\"old\":\"NAME\"}",
                "{\"operation\":\"Replace\",\"prepared\":\"NAME\",\"name\":\"disk.vhd\",\"old\":\"disk.vhd\"}",
                "{\"operation\":\"Absorb\",\"baseCopy\":\"disk.vhd\",\"leaf\":\"NAME\"}",
                "{\"operation\":\"Rewrite\",\"file\":\"NAME\",\"patches\":[],\"sizeBytes\":0}",
                "{\"operation\":\"Compose\",\"child\":{\"file\":\"disk.vhd\",\"patches\":[]},\"parent\":\"disk.vhd\","
                        + "\"record\":\"NAME\"}",
                "{\"operation\":\"Snapshot\",\"cuts\":[{\"leaf\":\"disk.vhd\",\"baseCopy\":\"NAME\"}],"
                        + "\"children\":[],\"records\":[]}",
                "{\"operation\":\"Snapshot\",\"cuts\":[],\"children\":[],"
                        + "\"records\":[{\"name\":\"NAME\",\"text\":\"x\"}]}")) {
            StoredText.write(storage, Journal.FILE, record.replace("NAME", name));
            assertThatThrownBy(() -> new Journal(storage).recover())
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("holds an operation that cannot be done");
            assertThat(Files.readString(directory.resolve("disk.vhd"))).isEqualTo("disk");
            assertThat(Files.readString(directory.resolve(".catena/sr.json"))).isEqualTo("{}");
        }
    }

    @Test
    void theNamesOfDisksAreFine() {
        Names.node("x.vhd");
        Names.node(".hidden.vhd");
        Names.prepared(".catena/tmp/x.vhd");
        Names.disksRecord(".catena/vdi/x.json");
        assertThatThrownBy(() -> Names.prepared(".catena/tmp/../sr.json")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Names.disksRecord(".catena/sr.json")).isInstanceOf(IllegalArgumentException.class);
    }
}
