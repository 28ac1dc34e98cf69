package io.catena.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import io.catena.store.FileStorage;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The file that says how hosts agree lies in the SR: whoever wrote it leads nobody to what never ends. */
@Timeout(20)
class CoordinationTest {
    @TempDir
    private Path directory;

    private FileStorage storage;

    @BeforeEach
    void makeStorage() throws IOException {
        storage = new FileStorage(directory);
        Files.createDirectory(directory.resolve(".catena"));
    }

    private void write(String pem) throws IOException {
        JsonObject json = new JsonObject();
        json.addProperty("store", "etcd:https://127.0.0.1:1");
        json.addProperty("id", "00000000-0000-0000-0000-000000000001");
        json.addProperty("authorities", pem);
        json.addProperty("certificate", pem);
        json.addProperty("key", pem);
        Files.writeString(directory.resolve(".catena/coordination.json"), json.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/dev/zero", "/dev/tty", "/", "fifo", "huge", "missing", "\u0000"})
    void noFileThatCouldHoldItUpIsOpenedForItsSake(String name) throws Exception {
        assertThat(new ProcessBuilder("mkfifo", directory.resolve("fifo").toString())
                        .start()
                        .waitFor())
                .isZero();
        try (RandomAccessFile huge =
                new RandomAccessFile(directory.resolve("huge").toFile(), "rw")) {
            huge.setLength(4L << 30);
        }
        write(name.equals("\u0000") ? name : directory.resolve(name).toString());
        Coordination coordination = Coordination.read(storage).orElseThrow();

        assertThatThrownBy(() -> coordination.open(storage)).isInstanceOf(IOException.class);
    }

    @Test
    void itIsNotReadIfItIsLargerThanAny() throws IOException {
        try (RandomAccessFile huge = new RandomAccessFile(
                directory.resolve(".catena/coordination.json").toFile(), "rw")) {
            huge.setLength(32 << 20);
        }

        assertThatThrownBy(() -> Coordination.read(storage)).hasMessageContaining("expected at most");
    }
}
