package io.catena.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UnsyncedDirectoriesTest {
    private static final Path ROOT = Path.of("/sr");

    private final List<Path> synced = new ArrayList<>();
    private final Map<Path, IOException> failures = new HashMap<>();
    private final UnsyncedDirectories directories = new UnsyncedDirectories(ROOT, this::sync);

    @Test
    void onlyWhatChangedSinceTheLastSyncIsSynced() throws IOException {
        directories.changed(ROOT.resolve("a"));
        directories.changed(ROOT.resolve("b"));
        directories.sync();
        synced.clear();

        directories.changed(ROOT.resolve("b"));
        directories.see(ROOT.resolve("a"));
        directories.sync();
        directories.sync();
        assertThat(synced).containsExactly(ROOT.resolve("b"));
    }

    @Test
    void whatIsSeenForTheFirstTimeIsSyncedOnceWithItsParents() throws IOException {
        directories.see(ROOT.resolve("a/b"));
        directories.sync();
        directories.see(ROOT.resolve("a/b"));
        directories.sync();
        assertThat(synced).containsExactly(ROOT, ROOT.resolve("a"), ROOT.resolve("a/b"));
    }

    @Test
    void theNameOfADirectoryThatAnotherMadeIsSyncedOnce() throws IOException {
        directories.changed(ROOT);
        directories.see(ROOT.resolve("a"));
        directories.sync();
        synced.clear();

        directories.isThere(ROOT.resolve("a"));
        directories.sync();
        assertThat(synced).containsExactly(ROOT);

        directories.isThere(ROOT.resolve("a"));
        directories.sync();
        assertThat(synced).containsExactly(ROOT);
    }

    @Test
    void aParentOutsideTheRootIsSyncedIfItsNamesChanged() throws IOException {
        directories.changed(Path.of("/"));
        directories.sync();
        assertThat(synced).containsExactly(Path.of("/"));
    }

    @Test
    void aDirectoryThatCouldNotBeSyncedIsTriedAgainAndHoldsUpNoOther() throws IOException {
        directories.changed(ROOT.resolve("a"));
        directories.changed(ROOT.resolve("b"));
        failures.put(ROOT, new IOException("no luck"));
        failures.put(ROOT.resolve("a"), new IOException("Input/output error"));
        assertThatThrownBy(directories::sync)
                .hasMessage("cannot sync the directory /sr: no luck")
                .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
        assertThat(synced).containsExactly(ROOT.resolve("b"));

        synced.clear();
        failures.clear();
        directories.sync();
        assertThat(synced).containsExactly(ROOT, ROOT.resolve("a"));
    }

    @Test
    void aDirectoryThatIsGoneNeedsNoSync() throws IOException {
        directories.changed(ROOT.resolve("a"));
        failures.put(ROOT.resolve("a"), new NoSuchFileException("a"));
        directories.sync();
        failures.clear();
        directories.sync();
        assertThat(synced).containsExactly(ROOT);
    }

    private void sync(Path directory) throws IOException {
        IOException failure = failures.get(directory);
        if (failure != null) {
            throw failure;
        }
        synced.add(directory);
    }
}
