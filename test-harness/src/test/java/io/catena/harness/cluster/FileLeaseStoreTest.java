package io.catena.harness.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.harness.contract.LeaseStoreContract;
import io.catena.lease.Entry;
import io.catena.lease.FileLeaseStore;
import io.catena.lease.LeaseStore;
import io.catena.lease.WrittenFiles;
import io.catena.store.BlockFile;
import io.catena.store.FileStorage;
import io.catena.store.ForwardingStorage;
import io.catena.store.Storage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
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

    /** A directory as an NFS client lists it that looked before, and has changed nothing since. */
    private static final class OldListing extends ForwardingStorage {
        private final Storage storage;
        private final Map<String, List<String>> listed = new HashMap<>();

        OldListing(Storage storage) {
            super(storage);
            this.storage = storage;
        }

        @Override
        public List<String> list(String name) throws IOException {
            List<String> known = listed.get(name);
            if (known == null) {
                known = storage.list(name);
                listed.put(name, known);
            }
            return known;
        }

        @Override
        public BlockFile create(String name) throws IOException {
            listed.clear();
            return storage.create(name);
        }
    }

    @Test
    void anOldListingHidesNothing() throws Exception {
        for (int seen : new int[] {0, 1, 6}) {
            String key = "tree" + seen;
            LeaseStore late = new FileLeaseStore(new OldListing(new FileStorage(directory)), UUID::randomUUID);
            Entry known = changed(key, null, seen);
            assertThat(late.read(key)).isEqualTo(Optional.ofNullable(known));
            Entry newest = Objects.requireNonNull(changed(key, known, 20));

            if (known != null) {
                assertThat(late.superseded(List.of(known))).containsExactly(known);
                assertThat(late.superseded(List.of(newest))).isEmpty();
            }
            assertThat(late.read(key)).contains(newest);
        }
    }

    /** A host that stopped in the middle of a change may have made a name that was free again, and has not removed it yet. */
    @Test
    void aNameThatWasMadeTooLateIsNotRead() throws Exception {
        for (int made : new int[] {1, 6}) {
            String key = "tree" + made;
            LeaseStore late = new FileLeaseStore(new OldListing(new FileStorage(directory)), UUID::randomUUID);
            Entry known = Objects.requireNonNull(changed(key, null, made));
            assertThat(late.read(key)).contains(known);
            Entry newest = Objects.requireNonNull(changed(key, known, 20));
            Files.writeString(directory.resolve(".catena/lease/" + key + "." + made), "too late");

            assertThat(late.superseded(List.of(known))).containsExactly(known);
            assertThat(late.read(key)).contains(newest);
            assertThat(late.replace(key, known, "x")).isEmpty();
        }
    }

    @Test
    void namesOfOthersAreNoRecords() throws Exception {
        Entry newest = Objects.requireNonNull(changed("tree", null, 3));
        for (String name : new String[] {
            ".nfs0000000000a1b2c300000001", "tree.x", "tree", "tree.007", "tree_.5", "tree.99999999999999999999"
        }) {
            Files.writeString(directory.resolve(".catena/lease/" + name), "");
        }
        assertThat(host().read("tree")).contains(newest);
        assertThat(host().list("")).containsExactly(newest);
    }

    private @Nullable Entry changed(String key, @Nullable Entry from, int times) throws IOException {
        Entry newest = from;
        for (int i = 0; i < times; i++) {
            newest = host().replace(key, newest, "" + i).orElseThrow();
        }
        return newest;
    }

    /** Somebody has deleted the record, or restored half of it: it is not as if there had been none. */
    @Test
    void aRecordThatIsGoneIsTold() throws Exception {
        change("tree", 10);
        for (String name : files(".catena/lease")) {
            if (!name.equals("tree.0")) {
                Files.delete(directory.resolve(".catena/lease").resolve(name));
            }
        }

        assertThatThrownBy(() -> host().read("tree"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(".catena/lease/tree.0 is there, but it is gone");
        Files.delete(directory.resolve(".catena/lease/tree.0"));
        assertThat(host().read("tree")).isEmpty();
    }

    /** What is not told is taken to be another host's. */
    @Test
    void aFileOfWhichItIsNotSaidWhoWritesItIsOthers() throws Exception {
        assertThat(host().replace("files", null, "{\"a.vhd\":null}")).isPresent();

        assertThat(WrittenFiles.takeOver(host(), new UUID(1, 1), () -> true).ofOthers())
                .containsExactly("a.vhd");
    }

    private void change(String key, int times) {
        try {
            changed(key, null, times);
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
