package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.op.Journal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** An operation that appears while the SR is attached is not the agent's, and is not done. */
final class PlantedJournalTest extends RepositoryFixture {
    @Test
    void itIsNotDoneAndNothingElseIsUntilItIsGone() throws IOException {
        VdiId disk = create("disk");
        write(attach(disk), 0, 7);
        Path journal = directory.resolve(Journal.FILE);
        Files.createDirectories(journal.getParent());
        Files.writeString(journal, "{\"operation\":\"Remove\",\"node\":\"" + disk + ".vhd\",\"records\":[]}");

        assertThatThrownBy(() -> create("other"))
                .isInstanceOf(SrException.class)
                .hasMessageContaining(Journal.FILE + " holds an operation that was not recorded here");
        assertThat(directory.resolve(disk + ".vhd")).exists();
        assertThat(journal).exists();
        assertThat(read(exported(disk), 0)).isEqualTo(7);
        write(exported(disk), 0, 8);
        assertThat(sr.stat().health().reasons()).isNotEmpty();

        Files.delete(journal);
        create("other");
        assertThat(read(exported(disk), 0)).isEqualTo(8);
        assertThat(sr.stat().health().reasons()).isEmpty();
    }
}
