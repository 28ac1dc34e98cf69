package io.catena.tool;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.op.OfflineAccess;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import io.catena.store.StorageLockedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Disks of an SR whose agent died: what it wrote last may be in its redo log, and in no file. */
class OpenChainTest {
    private static final int SIZE = 4 << 20;

    @TempDir
    Path directory;

    private Storage storage;
    private Path note;

    @BeforeEach
    void makeAChain() throws IOException {
        storage = new FileStorage(directory);
        NewVhd maker = new NewVhd(Clock.systemUTC(), UUID::randomUUID);
        maker.create(storage, "base.vhd", SIZE, NewDiskType.DYNAMIC);
        maker.snapshot(storage, "disk.vhd", "base.vhd");
        maker.create(storage, "other.vhd", SIZE, NewDiskType.DYNAMIC);
        note = directory.resolve(OfflineAccess.OPEN_LOGS).resolve(new UUID(1, 1).toString());
        Files.createDirectories(note.getParent());
        Files.writeString(directory.resolve(OfflineAccess.SESSION), "{}", UTF_8);
    }

    private void open(String name) throws IOException {
        try (OpenChain chain = OpenChain.readOnly(storage, name)) {
            assertThat(chain.sizeBytes()).isEqualTo(SIZE);
        }
    }

    @Test
    void aFileThatLacksWhatIsInALogIsNotRead() throws IOException {
        open("disk.vhd");
        Files.writeString(note, "base.vhd", UTF_8);

        assertThatThrownBy(() -> open("disk.vhd"))
                .isInstanceOf(StorageLockedException.class)
                .hasMessageContaining("base.vhd: the agent that wrote it did not end in order")
                .hasMessageContaining("attach and detach the SR first");
        assertThatThrownBy(() -> OpenChain.source(storage, "base.vhd")).isInstanceOf(StorageLockedException.class);
        open("other.vhd");
        Files.writeString(note, "disk.vhd", UTF_8);
        open("base.vhd");
    }

    /** Notes of an SR that was let go of in order accuse nobody. */
    @Test
    void withoutASessionNotesMeanNothing() throws IOException {
        Files.writeString(note, "base.vhd", UTF_8);
        Files.delete(directory.resolve(OfflineAccess.SESSION));

        open("disk.vhd");
    }
}
