package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.sr.open.Wanted;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An attach makes no SR, unless that is what was asked for, and there is something to make it of. */
class WantedTest {
    @TempDir
    Path directory;

    @TempDir
    Path redo;

    private DirectorySr files;

    @BeforeEach
    void open() {
        files = new DirectorySr(directory, redo);
    }

    @AfterEach
    void close() {
        files.close();
    }

    @Test
    void anAttachOfABareMountPointMakesNothing() throws IOException {
        refused(Wanted.KNOWN, "is no SR");
        refused(new Wanted(new SrId(new UUID(1, 2)), false), "expected SR");
        refused(new Wanted(new SrId(new UUID(1, 2)), true), "expected SR");
    }

    @Test
    void aDirectoryOfOtherFilesDoesNotBecomeAnSr() throws IOException {
        Files.writeString(files.file("passwd"), "root:x:0:0");

        refused(Wanted.ADOPTED, "holds no VHD");
    }

    @Test
    void anotherSrIsNotTakenForTheOneThatIsExpected() throws IOException {
        files.create().close();

        assertThatThrownBy(() -> files.attach(new Wanted(new SrId(new UUID(1, 2)), false)))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("expected SR 00000000");
    }

    @Test
    void anEmptyDirectoryIsAdoptedWhenThatIsAskedFor() throws IOException {
        files.attach(Wanted.ADOPTED).close();

        files.attach(Wanted.KNOWN).close();
    }

    private void refused(Wanted wanted, String why) throws IOException {
        try (Stream<Path> before = Files.walk(directory)) {
            long count = before.count();
            assertThatThrownBy(() -> files.attach(wanted))
                    .isInstanceOf(SrException.class)
                    .hasMessageContaining(why);
            try (Stream<Path> after = Files.walk(directory)) {
                assertThat(after.count()).isEqualTo(count);
            }
        }
    }
}
