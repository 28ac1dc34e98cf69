package io.catena.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.lease.BootClock;
import io.catena.lease.FileLeaseStore;
import io.catena.lease.LeaseStore;
import io.catena.store.FileStorage;
import io.catena.store.StoredText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What other versions have written, and hosts of other versions. */
class SkewTest {
    private static final String HOST = "00000000-0000-0002-0000-000000000002";
    private static final String INCARNATION = "00000000-0000-0003-0000-000000000003";

    @TempDir
    private Path directory;

    private FileStorage storage;
    private LeaseStore store;
    private HolderWatch watch;

    @BeforeEach
    void open() throws IOException {
        storage = new FileStorage(directory);
        store = new FileLeaseStore(storage, UUID::randomUUID);
        watch = new HolderWatch("sr", storage, store, new ThisHost(new UUID(1, 1), "a", new StandingClock(), ""));
    }

    /** A clock for what takes no time. */
    private static final class StandingClock implements BootClock {
        @Override
        public long nanos() {
            return 0;
        }

        @Override
        public void sleep(long nanos) {}
    }

    private void holder(String protocols) throws IOException {
        store.writeNote(
                "hosts/" + HOST + "/" + INCARNATION,
                "{\"host\":\"" + HOST + "\",\"name\":\"b\",\"incarnation\":\"" + INCARNATION
                        + "\",\"url\":\"https://b:1\"," + protocols + ",\"counter\":4,\"later\":{\"x\":[1]}}");
        assertThat(store.replace(
                        "tree",
                        store.read("tree").orElse(null),
                        "{\"state\":\"HELD\",\"holder\":{\"host\":\"" + HOST + "\",\"name\":\"b\",\"incarnation\":\""
                                + INCARNATION
                                + "\",\"later\":1},\"files\":[],\"since\":\"2026-11-01T10:00:00Z\",\"later\":true}"))
                .isPresent();
    }

    /** The texts of the first version that had shared SRs, and members that a later one may add. */
    @Test
    void recordsOfOtherVersionsAreRead() throws IOException {
        holder("\"minProtocol\":1,\"maxProtocol\":1");
        HolderWatch.Seen seen = watch.look().orElseThrow();
        assertThat(seen.name()).isEqualTo("b");
        assertThat(seen.url()).isEqualTo("https://b:1");
        assertThat(seen.since()).isEqualTo("2026-11-01T10:00:00Z");
        assertThat(seen.protocol()).isEmpty();
    }

    @Test
    void aHostOfALaterVersionThatStillSpeaksOursIsUnderstood() throws IOException {
        holder("\"minProtocol\":1,\"maxProtocol\":7");
        assertThat(watch.look().orElseThrow().protocol()).isEmpty();
    }

    @Test
    void whoDoesNotSpeakOursIsNamedAndWhatToUpdate() throws IOException {
        holder("\"minProtocol\":2,\"maxProtocol\":3");
        assertThat(watch.look().orElseThrow().protocol())
                .contains("versions 2 to 3")
                .endsWith("update this one");
        holder("\"minProtocol\":0,\"maxProtocol\":0");
        assertThat(watch.look().orElseThrow().protocol()).endsWith("update that host");
    }

    @Test
    void coordinationOfTheFirstVersion() throws IOException {
        StoredText.write(
                storage,
                ".catena/coordination.json",
                "{\"store\":\"files\",\"id\":\"00000000-0000-0004-0000-000000000004\",\"later\":1}");
        assertThat(Coordination.read(storage).orElseThrow().store()).isEqualTo("files");
        StoredText.write(storage, ".catena/coordination.json", "{\"store\":\"raft:x\",\"id\":\"1\"}");
        assertThatThrownBy(() -> Coordination.read(storage)).hasStackTraceContaining("is no way to coordinate hosts");
    }
}
