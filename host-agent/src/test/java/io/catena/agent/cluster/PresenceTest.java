package io.catena.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.lease.BootClock;
import io.catena.lease.Claim;
import io.catena.lease.FileLeaseStore;
import io.catena.lease.HostWatch;
import io.catena.lease.LeaseKeys;
import io.catena.lease.LeaseStore;
import io.catena.lease.LeaseTimes;
import io.catena.lease.Liveness;
import io.catena.lease.Session;
import io.catena.store.FileStorage;
import io.catena.store.ForwardingStorage;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A host that follows shows that it lives, and is seen to be dead when it does not. */
class PresenceTest {
    private static final String NOTES = "hosts/";

    @TempDir
    private Path directory;

    private final WoundClock clock = new WoundClock();
    private final Asking asking = new Asking();
    private ServedStorage storage;
    private LeaseStore store;
    private ThisHost follower;
    private PeerWatch peers;
    private String label;

    /** A clock that moves when it is told to. */
    private static final class WoundClock implements BootClock {
        private long nanos;

        @Override
        public long nanos() {
            return nanos;
        }

        @Override
        public void sleep(long pause) {
            nanos += pause;
        }

        void pass(int seconds) {
            sleep(Duration.ofSeconds(seconds).toNanos());
        }
    }

    /** A file server that is away at times. */
    private static final class ServedStorage extends ForwardingStorage {
        private boolean isAway;

        ServedStorage(Storage storage) {
            super(storage);
        }

        private void check() throws IOException {
            if (isAway) {
                throw new IOException("the server is away");
            }
        }

        @Override
        public List<String> list(String place) throws IOException {
            check();
            return super.list(place);
        }

        @Override
        public List<String> directories(String place) throws IOException {
            check();
            return super.directories(place);
        }
    }

    private static final class Asking implements PeerWatch.Owner {
        private Set<String> users = Set.of("all");
        private boolean hasSr = true;

        @Override
        public Set<String> users() {
            return users;
        }

        @Override
        public void check() throws IOException {
            if (!hasSr) {
                throw new IOException("another host has the SR");
            }
        }

        @Override
        public void afterLook() {}
    }

    @BeforeEach
    void open() throws IOException {
        storage = new ServedStorage(new FileStorage(directory));
        store = new FileLeaseStore(storage, UUID::randomUUID);
        follower = new ThisHost(new UUID(1, 1), "b", clock, "https://b");
        label = HolderWatch.label(follower.name(), follower.id().toString());
        peers = new PeerWatch("sr", store, new HostWatch(store, LeaseTimes.DEFAULT, clock), asking);
    }

    private Presence presence() {
        return new Presence("sr", store, follower);
    }

    private Liveness seen() throws IOException {
        peers.look();
        return peers.of(label).orElseThrow();
    }

    @Test
    void aHostThatRenewsLives() throws IOException {
        Presence presence = presence();
        for (int i = 0; i < 20; i++) {
            presence.renew();
            assertThat(seen().state()).isEqualTo(Liveness.State.ALIVE);
            clock.pass(2);
        }
        assertThat(store.notes(NOTES)).hasSize(1);
    }

    @Test
    void aHostThatIsSilentIsDeadAfterTwelveSecondsAndLivesAgainWhenItIsBack() throws IOException {
        Presence presence = presence();
        presence.renew();
        assertThat(seen().isDead()).isFalse();
        clock.pass(11);
        assertThat(seen().state()).isEqualTo(Liveness.State.SILENT);
        assertThat(peers.untilDeadNanos(seen())).isEqualTo(Duration.ofSeconds(1).toNanos());
        clock.pass(1);
        assertThat(seen().isDead()).isTrue();
        String before = store.notes(NOTES).firstKey();
        presence.renew();
        assertThat(seen().state()).isEqualTo(Liveness.State.ALIVE);
        assertThat(store.notes(NOTES)).hasSize(1).doesNotContainKey(before);
    }

    /** Started again it is there at once, and what the killed process left does not stay. */
    @Test
    void aProcessThatIsStartedAgainTakesTheOldOnesPlace() throws IOException {
        presence().renew();
        clock.pass(30);
        presence().renew();
        assertThat(store.notes(NOTES)).hasSize(1);
        assertThat(seen().state()).isEqualTo(Liveness.State.ALIVE);
    }

    /** Of another version, damaged, or of somebody who says to be another. */
    @Test
    void aNoteThatCannotBeReadHidesNoOtherHost() throws IOException {
        Presence presence = presence();
        presence.renew();
        String own = store.notes(NOTES).firstKey();
        store.writeNote(NOTES + new UUID(0, 1) + "/" + new UUID(0, 2), "{}");
        store.writeNote(NOTES + follower.id() + "/" + new UUID(0, 2), "[null]");
        store.writeNote(
                NOTES + new UUID(0, 3) + "/" + new UUID(0, 3), store.note(own).orElseThrow());

        assertThat(seen().state()).isEqualTo(Liveness.State.ALIVE);
        clock.pass(12);
        assertThat(seen().isDead()).isTrue();
        presence().renew();
        assertThat(seen().state()).isEqualTo(Liveness.State.ALIVE);
        assertThat(store.note(own)).isEmpty();
    }

    @Test
    void ofAHostThatShowsNothingNothingIsKnown() throws IOException {
        peers.look();
        assertThat(peers.of(label)).isEmpty();
    }

    @Test
    void whoLeavesInOrderLeavesNoNote() throws Exception {
        Presence presence = presence().start();
        for (int i = 0; i < 600 && store.notes(NOTES).isEmpty(); i++) {
            Thread.sleep(10);
        }
        assertThat(store.notes(NOTES)).hasSize(1);
        presence.close();
        assertThat(store.notes(NOTES)).isEmpty();
    }

    /** The word of who has switched it off; one that lives nevertheless says so. */
    @Test
    void aHostThatIsSaidToBeFencedIsDeadAtOnceUntilItIsBack() throws IOException {
        Presence presence = presence();
        presence.renew();
        assertThat(seen().isDead()).isFalse();
        assertThat(peers.isFenced(label)).isFalse();
        String before = store.notes(NOTES).firstKey();
        String[] key = before.split("/", -1);
        store.writeNote("fenced/" + key[1] + "/" + key[2], "{}");
        assertThat(seen().isDead()).isTrue();
        assertThat(peers.isFenced(label)).isTrue();
        presence.renew();
        assertThat(store.notes(NOTES)).hasSize(1).doesNotContainKey(before);
        assertThat(seen().isDead()).isFalse();
        assertThat(peers.isFenced(label)).isFalse();
    }

    /** It has another id after its next boot. */
    @Test
    void whatAFormerBootLeftIsRemovedUnlessItHasDisks() throws IOException {
        presence().renew();
        String before = store.notes(NOTES).firstKey();
        asking.users = Set.of(label);
        follower = new ThisHost(new UUID(1, 2), "b", clock, "https://b");
        Presence now = presence();
        for (int i = 0; i < 10; i++) {
            now.renew();
            peers.removeFormer();
            clock.pass(2);
        }
        assertThat(store.notes(NOTES)).hasSize(2);
        asking.users = Set.of();
        asking.hasSr = false;
        assertThatThrownBy(peers::removeFormer).hasMessageContaining("another host");
        assertThat(store.notes(NOTES)).hasSize(2);
        asking.hasSr = true;
        now.renew();
        peers.removeFormer();
        assertThat(store.notes(NOTES)).hasSize(1).doesNotContainKey(before);
    }

    /** Dead without anybody's word is another thing: its disks stay its own until somebody asks for them. */
    @Test
    void aHostThatIsSilentIsNotFenced() throws IOException {
        presence().renew();
        assertThat(seen().isDead()).isFalse();
        clock.pass(12);
        assertThat(seen().isDead()).isTrue();
        assertThat(peers.isFenced(label)).isFalse();
    }

    /** All were silent meanwhile; whoever looks first when it is back takes nothing from them. */
    @Test
    void whileTheServerIsAwayNobodyDies() throws Exception {
        Presence presence = presence();
        presence.renew();
        assertThat(seen().isDead()).isFalse();
        ThisHost other = new ThisHost(new UUID(2, 2), "a", clock, "https://a");
        Session session = Session.join(store, LeaseTimes.DEFAULT, clock, other.newRecord());
        assertThat(session.claim(LeaseKeys.TREE, null, Claim.held(session.holder(), List.of(), null)))
                .isPresent();
        try (HolderWatch watch = new HolderWatch("sr", storage, store, follower)) {
            assertThat(watch.look().orElseThrow().dead()).isFalse();
            storage.isAway = true;
            for (int i = 0; i < 3; i++) {
                clock.pass(20);
                assertThatThrownBy(watch::look).hasMessageContaining("away");
                assertThatThrownBy(peers::look).hasMessageContaining("away");
            }
            storage.isAway = false;
            assertThat(watch.look().orElseThrow().dead()).isFalse();
            assertThat(seen().isDead()).isFalse();
            clock.pass(11);
            assertThat(watch.look().orElseThrow().dead()).isFalse();
            assertThat(seen().isDead()).isFalse();
            clock.pass(1);
            assertThat(watch.look().orElseThrow().dead()).isTrue();
            assertThat(seen().isDead()).isTrue();
        }
    }
}
