package io.catena.harness.cluster;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.harness.contract.StorageContract;
import io.catena.lease.EpochFence;
import io.catena.lease.EpochStorage;
import io.catena.store.FileStorage;
import io.catena.store.LeaseLostException;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Does all that a storage does; and what comes late fails. */
class EpochStorageContractTest extends StorageContract {
    @TempDir
    private Path directory;

    private Storage plain;
    private Storage storage;

    @BeforeEach
    void beginEpoch() throws IOException {
        plain = new FileStorage(Files.createDirectory(directory.resolve("sr")), List.of(directory.resolve("other")));
        EpochFence.raise(plain, 1_000);
        storage = new EpochStorage(plain, 1_000);
    }

    @Override
    protected Storage storage() {
        return storage;
    }

    @Override
    protected String rootPath() {
        return directory.resolve("sr").toString();
    }

    @Override
    protected void createBeside(String path, String text) throws IOException {
        Path file = directory.resolve(path);
        Files.createDirectories(file.getParent());
        Files.write(file, text.getBytes(US_ASCII));
    }

    /** This one lists the epoch that the test itself is in, too. */
    @Override
    protected void noChangeOfNamesMakesTheDirectoryOfAnEpoch() throws IOException {
        EpochFence.raise(plain, 1_001);
        assertThatThrownBy(() -> storage.create("late")).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void whatComesLateFailsAndChangesNothing() throws IOException {
        storage.create("a").close();
        storage.create("b").close();
        EpochFence.raise(plain, 1_001);
        Storage successor = new EpochStorage(plain, 1_001);
        assertThatThrownBy(() -> storage.create("c")).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> storage.rename("a", "b")).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> storage.link("a", "c")).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> storage.delete("a")).isInstanceOf(NoSuchFileException.class);
        assertThat(successor.list("")).containsExactly("a", "b");
        successor.rename("a", "c");
        assertThat(successor.list("")).containsExactly("b", "c");
        assertThat(plain.directories(Storage.EPOCHS)).containsExactly(Storage.EPOCHS + "/1001");
        assertThat(plain.list(Storage.EPOCHS + "/1001")).isEmpty();
    }

    @Test
    void whatWasOnItsWayIsClearedAway() throws IOException {
        storage.create("a").close();
        plain.link("a", Storage.EPOCHS + "/1000/1");
        plain.create(Storage.EPOCHS + "/1000/2").close();
        EpochFence.raise(plain, 1_001);
        assertThat(plain.list(Storage.EPOCHS + "/1001")).isEmpty();
        assertThat(plain.list("")).containsExactly("a");
    }

    @Test
    void whoIsLateCannotBeginItsEpoch() throws IOException {
        assertThatThrownBy(() -> EpochFence.raise(plain, 999)).isInstanceOf(LeaseLostException.class);
        storage.create("a").close();
        assertThat(plain.directories(Storage.EPOCHS)).containsExactly(Storage.EPOCHS + "/1000");
    }

    /** It was cut off after the new name was there, and is done again. */
    @Test
    void aRenameThatWasHalfDoneIsDoneAgain() throws IOException {
        storage.create("a").close();
        plain.link("a", "b");
        storage.rename("a", "b");
        assertThat(storage.list("")).containsExactly("b");
        assertThat(plain.list(Storage.EPOCHS + "/1000")).isEmpty();
    }
}
