package io.catena.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.PeerHost;
import io.catena.api.SrException;
import io.catena.lease.BootClock;
import io.catena.lease.Claim;
import io.catena.lease.FileLeaseStore;
import io.catena.lease.LeaseKeys;
import io.catena.lease.LeaseStore;
import io.catena.lease.LeaseTimes;
import io.catena.lease.Protocols;
import io.catena.lease.Session;
import io.catena.store.FileStorage;
import io.catena.store.StoredText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
        assertThat(seen.misunderstanding()).isEmpty();
        assertThat(seen.protocol()).isEqualTo(1);
    }

    @Test
    void aHostOfALaterVersionThatStillSpeaksOursIsUnderstood() throws IOException {
        holder("\"minProtocol\":1,\"maxProtocol\":7");
        assertThat(watch.look().orElseThrow().misunderstanding()).isEmpty();
    }

    @Test
    void whoDoesNotSpeakOursIsNamedAndWhatToUpdate() throws IOException {
        holder("\"minProtocol\":2,\"maxProtocol\":3");
        assertThat(watch.look().orElseThrow().misunderstanding())
                .isEqualTo("host b speaks versions 2 to 3 of the protocol between agents, host a (this one) version 1:"
                        + " update Catena on host a");
        holder("\"minProtocol\":0,\"maxProtocol\":0");
        assertThat(watch.look().orElseThrow().misunderstanding()).endsWith("update Catena on host b");
    }

    private static ThisHost host(long id, Protocols protocols) {
        return new ThisHost(new UUID(id, id), "host" + id, new StandingClock(), "https://host" + id, protocols);
    }

    /** Has the SR, as an agent of that version would. */
    private void holds(ThisHost host) throws IOException {
        Session session = Session.join(store, LeaseTimes.DEFAULT, host.clock(), host.newRecord());
        assertThat(session.claim(
                        LeaseKeys.TREE,
                        store.read(LeaseKeys.TREE).orElse(null),
                        Claim.held(session.holder(), List.of(), null)))
                .isPresent();
    }

    private HolderWatch.Seen seenBy(ThisHost host) throws IOException {
        return new HolderWatch("sr", storage, store, host).look().orElseThrow();
    }

    /** 0 for none; whichever of them has the SR. */
    @ParameterizedTest
    @CsvSource({
        "1,1, 1,1, 1",
        "1,2, 1,1, 1",
        "1,2, 1,2, 2",
        "1,3, 2,2, 2",
        "1,4, 2,3, 3",
        "2,3, 1,2, 2",
        "2,3, 1,1, 0",
        "3,3, 1,2, 0"
    })
    void twoHostsSpeakTheNewestThatBothKnow(int min, int max, int otherMin, int otherMax, int common)
            throws IOException {
        ThisHost one = host(1, new Protocols(min, max));
        ThisHost other = host(2, new Protocols(otherMin, otherMax));
        for (ThisHost holder : List.of(one, other)) {
            holds(holder);
            HolderWatch.Seen seen = seenBy(holder.equals(one) ? other : one);
            assertThat(seen.protocol()).isEqualTo(common);
            if (common == 0) {
                // The second is the older one.
                assertThat(seen.misunderstanding())
                        .contains("host host1 ", "host host2 ")
                        .endsWith("update Catena on host host2");
            } else {
                assertThat(seen.misunderstanding()).isEmpty();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1,1,false", "1,2,true", "2,5,true", "3,4,false"})
    void anSrWhoseHostsSpeakAnotherVersionIsRefused(int min, int max, boolean speaks) throws IOException {
        StoredText.write(
                storage,
                ".catena/coordination.json",
                "{\"store\":\"files\",\"id\":\"00000000-0000-0004-0000-000000000004\",\"protocol\":2}");
        Coordination coordination = Coordination.read(storage).orElseThrow();
        ThisHost host = host(1, new Protocols(min, max));
        if (speaks) {
            assertThat(coordination.spokenBy(host)).isEqualTo(coordination);
        } else {
            assertThatThrownBy(() -> coordination.spokenBy(host)).isInstanceOfSatisfying(SrException.class, refusal -> {
                assertThat(refusal).hasMessageContaining("version 2 of the protocol between agents");
                assertThat(String.valueOf(refusal.advice()))
                        .contains(max < 2 ? "Update Catena on host host1" : "Update Catena on the other hosts");
            });
        }
    }

    /** However often it began anew in its boot. */
    @Test
    void aHostIsToldOfOnce() throws IOException {
        StoredText.write(
                storage,
                ".catena/coordination.json",
                "{\"store\":\"files\",\"id\":\"00000000-0000-0004-0000-000000000004\"}");
        ThisHost twice = host(1, Protocols.OURS);
        for (String since : List.of("2026-11-02T00:00:00Z", "2026-11-01T00:00:00Z")) {
            assertThat(Session.join(
                                    store,
                                    LeaseTimes.DEFAULT,
                                    twice.clock(),
                                    twice.newRecord().since(since))
                            .isValid())
                    .isTrue();
        }
        holds(host(2, Protocols.OURS));
        SharedSrs shared = new SharedSrs(directory.resolve("host-id"), new UUID(1, 2), new StandingClock(), "");
        List<PeerHost> told = shared.peers(storage);
        assertThat(told).extracting(PeerHost::name).containsExactlyInAnyOrder("host1", "host2");
        assertThat(told).extracting(PeerHost::since).contains("2026-11-02T00:00:00Z");
        assertThat(told).filteredOn(PeerHost::holds).extracting(PeerHost::name).containsExactly("host2");
    }

    /** Also one that is not told what it is asked for. */
    @Test
    void nothingIsDoneInAnSrOfALaterProtocol() throws IOException {
        StoredText.write(storage, ".catena/sr.json", "{}");
        StoredText.write(
                storage,
                ".catena/coordination.json",
                "{\"store\":\"files\",\"id\":\"00000000-0000-0004-0000-000000000004\",\"protocol\":2}");
        SharedSrs shared = new SharedSrs(directory.resolve("host-id"), new UUID(1, 2), new StandingClock(), "");
        assertThatThrownBy(() -> shared.watch(directory, storage)).hasMessageContaining("version 2");
        assertThatThrownBy(() -> shared.share(storage, "files")).hasMessageContaining("version 2");
        assertThatThrownBy(() -> shared.fenced(storage, "a")).hasMessageContaining("version 2");
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
