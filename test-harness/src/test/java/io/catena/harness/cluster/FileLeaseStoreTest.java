package io.catena.harness.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.harness.contract.LeaseStoreContract;
import io.catena.lease.Entry;
import io.catena.lease.FileLeaseStore;
import io.catena.lease.LeaseStore;
import io.catena.store.FileStorage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileLeaseStoreTest extends LeaseStoreContract {
    @TempDir
    private Path directory;

    @Override
    protected LeaseStore host() {
        return new FileLeaseStore(new FileStorage(directory), UUID::randomUUID);
    }

    /** So that a directory does not fill up, and who reads slowly still finds something. */
    @Test
    void aFewVersionsAreKept() throws Exception {
        LeaseStore store = host();
        Entry newest = store.replace("tree", null, "0").orElseThrow();
        for (int i = 0; i < 20; i++) {
            newest = store.replace("tree", newest, "" + i).orElseThrow();
        }
        assertThat(files(".catena/lease")).hasSize(9).contains("tree.0", "tree.14", "tree.21");
        assertThat(files(".catena/lease-tmp")).isEmpty();
    }

    /** A host looks, sees no record, and stops for long; meanwhile others make it, and change it often. */
    @Test
    void whoSawNoRecordAndComesLateMakesNone() throws Exception {
        LeaseStore late = new FileLeaseStore(new FileStorage(directory), () -> {
            change("tree", 20);
            return UUID.randomUUID();
        });

        assertThatThrownBy(() -> late.replace("tree", null, "late")).hasMessageContaining("read it again");

        assertThat(host().read("tree").orElseThrow().version()).isEqualTo(20);
        assertThat(files(".catena/lease-tmp")).isEmpty();
        assertThat(files(".catena/lease")).doesNotContain("tree.1");
        assertThat(host().replace("tree", null, "later")).isEmpty();
    }

    private void change(String key, int times) {
        try {
            Entry newest = null;
            for (int i = 0; i < times; i++) {
                newest = host().replace(key, newest, "" + i).orElseThrow();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The file server did it, its answer was lost, and the client asks again. */
    @Test
    void aLinkThatWasMadeAndNotAnsweredIsMade() throws Exception {
        FileStorage storage = new FileStorage(directory);
        storage.create("a").close();
        storage.link("a", "b");
        storage.link("a", "b");
        assertThat(files("")).containsExactlyInAnyOrder("a", "b");
    }

    @Test
    void aNoteThatIsHalfWrittenDiffersFromAllOthersAndIsNotListed() throws Exception {
        LeaseStore store = host();
        store.writeNote("hosts/a/1", "whole");
        Path file = directory.resolve(".catena/hosts/a_1");
        byte[] bytes = Files.readAllBytes(file);
        bytes[9] = 'W';
        Files.write(file, bytes);
        assertThat(store.note("hosts/a/1").orElseThrow()).isNotEqualTo("whole").contains("Whole");
        assertThat(store.notes("hosts/")).isEmpty();
        Files.write(file, "x".getBytes(StandardCharsets.UTF_8));
        assertThat(store.note("hosts/a/1")).isPresent();
    }

    private List<String> files(String name) throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve(name))) {
            return files.map(file -> file.getFileName().toString()).collect(Collectors.toList());
        }
    }
}
