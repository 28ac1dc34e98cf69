package io.catena.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LateDeletionTest {
    private static final long LARGE_BYTES = 64 << 10;

    @TempDir
    private Path directory;

    @Test
    void aLargeFileIsGoneAtOnceAndGivenBackLater() throws IOException {
        LateDeletion storage = storage();
        write(storage, "a.vhd", LARGE_BYTES);

        storage.delete("a.vhd");
        storage.syncNames();

        assertThat(storage.exists("a.vhd")).isFalse();
        assertThat(storage.list(".catena/tmp")).hasSize(1);
        storage.giveBack();
        assertThat(storage.list(".catena/tmp")).isEmpty();
        storage.delete("a.vhd");
        storage.giveBack();
    }

    @Test
    void aFileOfTheSameNameMayComeAndGoMeanwhile() throws IOException {
        LateDeletion storage = storage();
        for (int i = 0; i < 2; i++) {
            write(storage, "a.vhd", LARGE_BYTES);
            storage.delete("a.vhd");
        }
        assertThat(storage.list(".catena/tmp")).hasSize(2);
        write(storage, "a.vhd", 1);
        storage.giveBack();

        assertThat(storage.list(".catena/tmp")).isEmpty();
        assertThat(storage.exists("a.vhd")).isTrue();
    }

    @Test
    void whatALargeFileIsReplacedByIsThereAtOnceAndTheRoomIsGivenBackLater() throws IOException {
        LateDeletion storage = storage();
        write(storage, "a.vhd", LARGE_BYTES);
        write(storage, "new.vhd", 1);

        storage.rename("new.vhd", "a.vhd");

        assertThat(storage.info("a.vhd").sizeBytes()).isEqualTo(1);
        assertThat(deletedFilesThatAreOpen()).hasSize(1);
        assertThat(storage.list("")).containsExactly("a.vhd");
        assertThat(storage.list(".catena/tmp")).isEmpty();
        storage.giveBack();
        assertThat(deletedFilesThatAreOpen()).isEmpty();
    }

    @Test
    void aRenameThatFailsLosesNothing() throws IOException {
        LateDeletion storage = storage();
        write(storage, "a.vhd", LARGE_BYTES);

        assertThatThrownBy(() -> storage.rename("none.vhd", "a.vhd")).isInstanceOf(NoSuchFileException.class);

        storage.giveBack();
        assertThat(storage.info("a.vhd").sizeBytes()).isEqualTo(LARGE_BYTES);
    }

    /** What this process has open in the directory, and has no name any more. */
    private List<String> deletedFilesThatAreOpen() throws IOException {
        List<String> found = new ArrayList<>();
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors) {
                try {
                    found.add(Files.readSymbolicLink(descriptor).toString());
                } catch (NoSuchFileException e) {
                    // That of the list itself.
                }
            }
        }
        found.removeIf(file -> !file.startsWith(directory.toString()) || !file.endsWith("(deleted)"));
        return found;
    }

    @Test
    void smallFilesAndRecordsAreDeletedAtOnce() throws IOException {
        LateDeletion storage = storage();
        write(storage, "a.vhd", LARGE_BYTES - 1);
        write(storage, ".catena/vdi/a.json", LARGE_BYTES);

        storage.delete("a.vhd");
        storage.delete(".catena/vdi/a.json");

        assertThat(storage.exists("a.vhd")).isFalse();
        assertThat(storage.exists(".catena/vdi/a.json")).isFalse();
        assertThat(storage.list(".catena/tmp")).isEmpty();
    }

    @Test
    void whatCannotBeMovedIsDeletedAtOnce() throws IOException {
        LateDeletion storage = storage();
        write(storage, "a.vhd", LARGE_BYTES);
        Files.createDirectory(directory.resolve(".catena"));
        Files.createFile(directory.resolve(".catena/tmp"));

        storage.delete("a.vhd");

        assertThat(storage.exists("a.vhd")).isFalse();
    }

    private LateDeletion storage() {
        return new LateDeletion(new FileStorage(directory), LARGE_BYTES);
    }

    private static void write(Storage storage, String name, long bytes) throws IOException {
        try (BlockFile file = storage.create(name)) {
            file.write(0, ByteBuffer.allocate((int) bytes));
        }
    }
}
