package io.catena.harness.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.lease.Claim;
import io.catena.lease.Entry;
import io.catena.lease.Grant;
import io.catena.lease.HeldElsewhereException;
import io.catena.lease.HostRecord;
import io.catena.lease.HostWatch;
import io.catena.lease.LeaseTimes;
import io.catena.lease.Liveness;
import io.catena.lease.Session;
import io.catena.lease.Takeover;
import io.catena.store.LeaseLostException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sessions, the watch over others' and takeovers, step by step with clocks that are wound by hand. */
class SessionTest {
    private static final String KEY = "vdi/1";
    private static final LeaseTimes TIMES = LeaseTimes.DEFAULT;

    private final MemoryLeaseStore store = new MemoryLeaseStore();
    private final Host a = new Host("a", 1);
    private final Host b = new Host("b", 2);

    /** A host with its own clock. */
    private final class Host {
        private final ManualClock clock = new ManualClock();
        private final HostWatch watch = new HostWatch(store, TIMES, clock);
        private final String name;
        private final UUID id;
        private long joins;

        Host(String name, long id) {
            this.name = name;
            this.id = new UUID(0, id);
        }

        Session join() throws IOException {
            return Session.join(
                    store, TIMES, clock, HostRecord.of(id, name, new UUID(id.getLeastSignificantBits(), ++joins)));
        }

        Takeover takeover(Session session) {
            return new Takeover(store, session, watch, TIMES, clock);
        }

        Grant take(Session session) throws IOException {
            return takeover(session).claim(KEY, List.of("leaf"), null);
        }
    }

    @Test
    void aSessionLastsForAsLongAsItsLastRenewalSays() throws IOException {
        Session session = a.join();
        a.clock.pass(9_999);
        assertThat(session.isValid()).isTrue();
        assertThat(session.isLate()).isTrue();
        assertThat(session.renew()).isTrue();
        assertThat(session.isLate()).isFalse();
        assertThat(session.validNanos()).isEqualTo(10_000_000_000L);
    }

    /** However much is held. */
    @Test
    void aRenewalIsOneWrite() throws IOException {
        MeddlingStore counting = new MeddlingStore(store);
        Session session = Session.join(counting, TIMES, a.clock, HostRecord.of(a.id, "a", new UUID(1, 1)));
        for (int disk = 0; disk < 100; disk++) {
            assertThat(session.claim("vdi/" + disk, null, Claim.held(session.holder(), List.of(), null)))
                    .isPresent();
        }
        int[] writes = new int[1];
        counting.beforeNote = () -> writes[0]++;
        counting.beforeReplace = () -> writes[0]++;
        for (int i = 0; i < 10; i++) {
            a.clock.pass(2_000);
            assertThat(session.renew()).isTrue();
        }
        assertThat(writes[0]).isEqualTo(10);
    }

    @Test
    void aLapsedSessionIsNeverValidAgain() throws IOException {
        Session session = a.join();
        List<String> told = new ArrayList<>();
        session.onLapse(() -> told.add("lapsed"));
        a.clock.pass(10_000);
        assertThat(session.renew()).isFalse();
        assertThat(session.isValid()).isFalse();
        assertThat(session.renew()).isFalse();
        assertThat(told).containsExactly("lapsed");
        assertThatThrownBy(session::check)
                .isInstanceOf(LeaseLostException.class)
                .hasMessageContaining("10000 ms");
    }

    /** The time counts from before the renewal was sent, however long the answer takes. */
    @Test
    void aSlowRenewalIsWorthLess() throws IOException {
        MeddlingStore slow = new MeddlingStore(store);
        slow.beforeNote = () -> a.clock.pass(4_000);
        Session session = Session.join(slow, TIMES, a.clock, HostRecord.of(a.id, "a", new UUID(1, 1)));
        assertThat(session.validNanos()).isEqualTo(6_000_000_000L);
        session.renew();
        assertThat(session.validNanos()).isEqualTo(6_000_000_000L);
        slow.beforeNote = () -> a.clock.pass(7_000);
        assertThat(session.renew()).isFalse();
    }

    @Test
    void whatIsFreeIsClaimedAndGivenBack() throws IOException {
        Session session = a.join();
        Grant grant = a.take(session);
        assertThatThrownBy(() -> b.take(b.join()))
                .isInstanceOf(HeldElsewhereException.class)
                .hasMessageContaining("host a");
        assertThat(session.release(grant, Claim.free())).isTrue();
        Grant next = b.take(b.join());
        assertThat(next.epoch()).isGreaterThan(grant.epoch());
    }

    @Test
    void aHostThatRenewsIsNeverTakenFrom() throws IOException {
        Session session = a.join();
        a.take(session);
        Session other = b.join();
        for (int i = 0; i < 50; i++) {
            a.clock.pass(2_000);
            b.clock.pass(2_000);
            assertThat(session.renew()).isTrue();
            assertThat(other.renew()).isTrue();
            assertThatThrownBy(() -> b.take(other)).isInstanceOf(HeldElsewhereException.class);
        }
    }

    @Test
    void aSilentHostIsTakenFromWhenItAnswersNoMore() throws IOException {
        Session session = a.join();
        a.take(session);
        Session other = b.join();
        assertThatThrownBy(() -> b.take(other))
                .isInstanceOf(HeldElsewhereException.class)
                .hasMessageContaining("lives");
        for (int seconds = 2; seconds < 12; seconds += 2) {
            b.clock.pass(2_000);
            other.renew();
            assertThatThrownBy(() -> b.take(other)).isInstanceOf(HeldElsewhereException.class);
        }
        assertThatThrownBy(() -> b.take(other)).hasMessageContaining("silent for 10 s; it can be taken in 2 s");
        b.clock.pass(2_000);
        assertThat(b.take(other).claim().holder()).isEqualTo(other.holder());
    }

    /** For all of them; the host that has something is not the one to suffer from who looks first when it is back. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aStoreThatWasAwayHasSeenNobodyDie(boolean fails) throws IOException {
        Session session = a.join();
        a.take(session);
        MeddlingStore away = new MeddlingStore(store);
        HostWatch watch = new HostWatch(away, TIMES, b.clock);
        assertThat(watch.look(session.holder()).isDead()).isFalse();
        b.clock.pass(2_000);
        away.beforeLook = () -> {
            b.clock.pass(60_000);
            if (fails) {
                throw new IOException("no answer");
            }
        };
        if (fails) {
            assertThatThrownBy(() -> watch.look(session.holder())).isInstanceOf(IOException.class);
            b.clock.pass(20_000);
            assertThatThrownBy(() -> watch.look(session.holder())).isInstanceOf(IOException.class);
        } else {
            assertThat(watch.look(session.holder()).silentNanos()).isEqualTo(2_000_000_000L);
        }
        away.beforeLook = () -> {};
        b.clock.pass(fails ? 1_000 : 0);
        Liveness back = watch.look(session.holder());
        assertThat(back.isDead()).isFalse();
        assertThat(back.silentNanos()).isEqualTo(fails ? 0 : 2_000_000_000L);
        b.clock.pass(fails ? 11_999 : 9_999);
        assertThat(watch.look(session.holder()).isDead()).isFalse();
        b.clock.pass(1);
        assertThat(watch.look(session.holder()).isDead()).isTrue();
    }

    /** It has been cut off, and comes back: with a renewal that is not answered any more. */
    @Test
    void whoIsTakenFromFindsOutAtItsNextRenewal() throws IOException {
        Session session = a.join();
        Grant grant = a.take(session);
        takeOverByB();
        assertThat(session.isValid()).isTrue(); // its clock stood still
        assertThat(session.renew()).isFalse();
        assertThatThrownBy(() -> session.check(grant)).hasMessageContaining("another host has taken vdi/1");
        assertThat(session.release(grant, Claim.free())).isFalse();
    }

    private Grant takeOverByB() throws IOException {
        Session other = b.join();
        assertThatThrownBy(() -> b.take(other)).isInstanceOf(HeldElsewhereException.class);
        waitUntilDead(other);
        return b.take(other);
    }

    private void waitUntilDead(Session waiting) throws IOException {
        for (int i = 0; i < 6; i++) {
            b.clock.pass(2_000);
            waiting.renew();
        }
    }

    /** The claim has crossed a renewal of the old owner, which did not see it and is valid for its time. */
    @Test
    void aRenewalThatWasUnderWayIsWaitedFor() throws IOException {
        Session session = a.join();
        Grant old = a.take(session);
        MeddlingStore meddling = new MeddlingStore(store);
        Session other = Session.join(meddling, TIMES, b.clock, HostRecord.of(b.id, "b", new UUID(2, 9)));
        assertThatThrownBy(() -> b.take(other)).isInstanceOf(HeldElsewhereException.class);
        waitUntilDead(other);
        meddling.beforeReplace = () -> assertThat(session.renew()).isTrue();
        b.clock.whileSleeping(() -> assertThat(other.renew()).isTrue());
        long before = b.clock.nanos();
        b.take(other);
        assertThat(b.clock.nanos() - before).isEqualTo(TIMES.deadNanos());
        assertThat(session.check(old)).isEqualTo(old); // all the while a answered
    }

    @Test
    void theAdminsWordShortensTheWait() throws IOException {
        Session session = a.join();
        a.take(session);
        Session other = b.join();
        assertThatThrownBy(() -> b.take(other)).isInstanceOf(HeldElsewhereException.class);
        b.watch.fenced(session.holder());
        b.take(other);
        // It was not true.
        assertThat(session.renew()).isFalse();
    }

    /** An agent that is started again, or whose session has lapsed, does not wait for itself. */
    @Test
    void theSameHostTakesWhatItsFormerSessionHad() throws IOException {
        Grant first = a.take(a.join());
        Grant second = a.take(a.join());
        assertThat(second.epoch()).isGreaterThan(first.epoch());
    }

    @Test
    void aHostThatLeftInOrderHasNothingBehindIt() throws IOException {
        Session session = a.join();
        Grant grant = a.take(session);
        session.release(grant, Claim.free());
        session.close();
        assertThat(store.notes("hosts/")).isEmpty();
        assertThat(session.isValid()).isFalse();
    }

    @Test
    void theStepsOfATakeoverHaveTheirOrder() throws IOException {
        List<String> steps = new ArrayList<>();
        Takeover takeover = a.takeover(a.join());
        assertThatThrownBy(() -> takeover.fence((before, grant) -> steps.add("fence")))
                .isInstanceOf(IllegalStateException.class);
        takeover.claim(KEY, List.of(), null);
        assertThatThrownBy(() -> takeover.open(grant -> steps.add("open"))).isInstanceOf(IllegalStateException.class);
        takeover.fence((before, grant) -> steps.add("fence"));
        assertThatThrownBy(() -> takeover.claim(KEY, List.of(), null)).isInstanceOf(IllegalStateException.class);
        takeover.recover(grant -> steps.add("recover"));
        takeover.open(grant -> steps.add("open"));
        assertThat(steps).containsExactly("fence", "recover", "open");
    }

    @Test
    void aTakeoverEndsWithTheSession() throws IOException {
        Session session = a.join();
        Takeover takeover = a.takeover(session);
        takeover.claim(KEY, List.of(), null);
        takeover.fence((before, grant) -> a.clock.pass(10_000));
        assertThatThrownBy(() -> takeover.recover(grant -> "")).isInstanceOf(LeaseLostException.class);
    }

    /** Between the change of the record and the next renewal somebody else may have been first again. */
    @Test
    void aClaimLooksOnceMoreAfterItWasMade() throws IOException {
        Session session = a.join();
        Grant grant = a.take(session);
        assertThat(grant.entry()).isEqualTo(store.read(KEY).orElseThrow());
        Entry taken = store.replace(
                        KEY,
                        grant.entry(),
                        Claim.held(b.join().holder(), List.of(), null).encode())
                .orElseThrow();
        assertThat(taken.version()).isGreaterThan(grant.epoch());
        assertThatThrownBy(() -> session.amend(grant, grant.claim())).isInstanceOf(LeaseLostException.class);
    }
}
