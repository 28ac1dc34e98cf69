package io.catena.agent.mount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import io.catena.api.StorageHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lists of mounts that another agent wrote, or that are damaged. */
final class KnownMountsTest {
    @TempDir
    private Path directory;

    private Path file;

    @BeforeEach
    void nameFile() {
        file = directory.resolve("mounts.json");
    }

    @Test
    void whatCannotBeMountedKeepsNoOtherFromBeingAttached() throws IOException {
        Files.writeString(file, """
                {"mounts":[
                {"directory":"/a","location":{"type":"of-the-future","config":{}},"mounted":true},
                {"directory":"/b","location":{"type":"nfs","config":{"server":"-o"}},"mounted":true}]}""");
        StorageHost host = mock();
        when(host.srs()).thenReturn(List.of());
        List<Path> attached = new ArrayList<>();

        try (MountingHost mounting = new MountingHost(host, directory, file, KnownMountsTest::refuse)) {
            mounting.restore(reachable -> {
                if (reachable.test(directory)) {
                    attached.add(directory);
                }
            });
        }

        assertThat(attached).containsExactly(directory);
        assertThat(new KnownMounts(file).all()).hasSize(2);
    }

    private static Programs.Result refuse(Duration limit, List<String> command) throws IOException {
        throw new IOException("not to be run: " + command);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{\"mounts\":null}",
                "{\"mounts\":[null]}",
                "{\"mounts\":[{\"location\":{\"type\":\"nfs\",\"config\":{}}}]}",
                "{\"mounts\":[{\"directory\":\"/a\"}]}"
            })
    void whatIsDamagedIsSaidToBe(String text) throws IOException {
        Files.writeString(file, text);

        assertThatThrownBy(() -> new KnownMounts(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file.toString());
    }
}
