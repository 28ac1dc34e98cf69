package io.catena.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.linux.FileSystemType;
import io.catena.api.SrException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which directories an agent believes in. */
class AgentDirectoriesTest {
    @TempDir
    private Path directory;

    @Test
    void aRunDirectoryThatOthersCanChangeIsRefused() throws IOException {
        Path run = Files.createDirectory(directory.resolve("run"));
        Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwxrwx---"));
        assertThatThrownBy(() -> RunDirectory.open(run)).hasMessageContaining("nobody else may write there");
        Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwxr-xr-x"));
        RunDirectory.open(run).close();
        if (Files.getAttribute(run, "unix:uid").equals(0)) {
            Files.setAttribute(run, "unix:uid", 65534);
            assertThatThrownBy(() -> RunDirectory.open(run)).hasMessageContaining("belongs to user 65534");
        }
    }

    @Test
    void aSharedFileSystemIsRefusedUntilTheAdminSaysThatNobodySharesIt() throws IOException {
        Path file = directory.resolve("single-host");
        FileSystemType shared = FileSystemType.of(Path.of("/proc"));
        Path sr = Path.of("/srv/sr");
        assertThatThrownBy(() -> new SingleHostDirectories(file).check(sr, shared))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("other hosts may use");
        new SingleHostDirectories(file).check(sr, FileSystemType.of(directory));
        new SingleHostDirectories(file).add(sr);
        new SingleHostDirectories(file).check(sr, shared);
        assertThatThrownBy(() -> new SingleHostDirectories(file).check(Path.of("/srv/sr2"), shared))
                .isInstanceOf(SrException.class);
        assertThat(Files.readAllLines(file)).containsExactly("/srv/sr");
    }

    @Test
    void whatTheNextBootNeedsIsKeptTogetherAndApartFromAnotherAgents() {
        StateFiles files = StateFiles.beside(Path.of("/var/lib/catena/state.json"));
        assertThat(files.mounts()).isEqualTo(Path.of("/var/lib/catena/state-mounts.json"));
        assertThat(files.singleHost()).isEqualTo(Path.of("/var/lib/catena/state-single-host"));
        assertThat(StateFiles.beside(Path.of("second")).mounts()).isEqualTo(Path.of("second-mounts.json"));
    }
}
