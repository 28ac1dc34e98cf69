package io.catena.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.store.FileStorage;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is recorded happens, whoever completes it and however often it is tried; what somebody else recorded does not. */
class JournalTest {
    private static final Orphans.Orphan ORPHAN = new Orphans.Orphan("base.vhd", "00000000-0000-0001-0000-000000000002");
    private static final Remove REMOVE = new Remove("disk.vhd", ORPHAN, List.of(".catena/vdi/disk.json"));

    @TempDir
    private Path directory;

    private Storage storage;
    private Journal journal;

    @BeforeEach
    void make() throws IOException {
        storage = new FileStorage(directory);
        journal = new Journal(storage);
        StoredText.write(storage, "disk.vhd", "disk");
        StoredText.write(storage, ".catena/vdi/disk.json", "{}");
    }

    @Test
    void anotherProcessCompletesWhatIsRecorded() throws IOException {
        journal.record(REMOVE);
        assertThat(new Journal(storage).read()).contains(REMOVE);
        assertThat(new Journal(storage).recover()).contains(REMOVE);
        assertIsDone();
        assertThat(new Journal(storage).recover()).isEmpty();
    }

    @Test
    void whoRecordedItCompletesItByItsOwnSteps() throws IOException {
        journal.record(REMOVE);
        Operation interrupted = journal.interrupted().orElseThrow();
        assertThat(interrupted).isEqualTo(REMOVE);
        assertThat(storage.exists("disk.vhd")).isTrue();
        interrupted.apply(storage);
        interrupted.apply(storage);
        assertThat(journal.interrupted()).contains(REMOVE);
        journal.forget();
        assertIsDone();
        assertThat(journal.interrupted()).isEmpty();
    }

    private void assertIsDone() throws IOException {
        assertThat(storage.exists("disk.vhd")).isFalse();
        assertThat(storage.exists(".catena/vdi/disk.json")).isFalse();
        assertThat(Orphans.read(storage)).containsOnlyKeys("base.vhd").containsValue(ORPHAN);
        assertThat(storage.exists(Journal.FILE)).isFalse();
    }

    @Test
    void aRecordOfSomebodyElseIsNotFollowed() throws IOException {
        new Journal(storage).record(REMOVE);
        assertThatThrownBy(journal::interrupted)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("not recorded here")
                .hasMessageContaining("disk.vhd");
        assertThat(storage.exists("disk.vhd")).isTrue();
    }

    @Test
    void oneOperationIsRecordedAtATime() throws IOException {
        journal.record(REMOVE);
        assertThatThrownBy(() -> journal.record(Remove.of("other.vhd", List.of())))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("was not completed");
        assertThat(journal.read()).contains(REMOVE);
    }
}
