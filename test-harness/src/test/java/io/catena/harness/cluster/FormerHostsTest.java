package io.catena.harness.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.lease.Claim;
import io.catena.lease.FormerHosts;
import io.catena.lease.HeldElsewhereException;
import io.catena.lease.HostRecord;
import io.catena.lease.HostWatch;
import io.catena.lease.LeaseTimes;
import io.catena.lease.Session;
import io.catena.lease.Takeover;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What hosts leave behind that are no more, and who may still need it. */
class FormerHostsTest {
    private static final LeaseTimes TIMES = LeaseTimes.DEFAULT;
    private static final String KEY = "tree";

    private final MemoryLeaseStore store = new MemoryLeaseStore();
    private final ManualClock clock = new ManualClock();
    private final HostWatch watch = new HostWatch(store, TIMES, clock);
    private final FormerHosts former = new FormerHosts(store, watch);
    private int incarnations;

    private Session join(long host, String name) throws IOException {
        return Session.join(
                store, TIMES, clock, HostRecord.of(new UUID(0, host), name, new UUID(host, ++incarnations)));
    }

    private int remove() throws IOException {
        return former.remove(host -> false);
    }

    private List<String> names() throws IOException {
        return HostRecord.all(store.notes("hosts/")).values().stream()
                .map(HostRecord::name)
                .sorted()
                .toList();
    }

    /** Passes time in which these renew. */
    private void pass(int seconds, Session... living) throws IOException {
        for (int passed = 0; passed < seconds; passed += 2) {
            clock.pass(2_000);
            for (Session session : living) {
                assertThat(session.renew()).isTrue();
            }
        }
    }

    @Test
    void theFormerBootOfAHostThatLivesIsForgottenWhenItIsDead() throws IOException {
        join(1, "a");
        Session now = join(2, "a");
        assertThat(remove()).isZero();
        pass(10, now);
        assertThat(remove()).isZero();
        pass(2, now);
        assertThat(remove()).isEqualTo(1);
        assertThat(store.note(now.holder().note())).isPresent();
        assertThat(names()).containsExactly("a");
    }

    @Test
    void aHostThatDoesNotComeBackIsShownForADay() throws IOException {
        join(1, "gone");
        Session now = join(2, "a");
        assertThat(remove()).isZero();
        pass(24 * 3600 - 2, now);
        assertThat(remove()).isZero();
        pass(2, now);
        assertThat(remove()).isEqualTo(1);
        assertThat(names()).containsExactly("a");
    }

    /** As a takeover, it goes by what it has seen itself. */
    @Test
    void whoHasJustBegunToLookTakesNobodyForDead() throws IOException {
        join(1, "a");
        Session now = join(2, "a");
        assertThat(remove()).isZero();
        pass(60, now);
        assertThat(new FormerHosts(store, new HostWatch(store, TIMES, clock)).remove(host -> false))
                .isZero();
    }

    @Test
    void theOwnerAndWhoHasDisksAreNotForgotten() throws IOException {
        Session owner = join(1, "a");
        assertThat(owner.claim(KEY, null, Claim.held(owner.holder(), List.of(), null)))
                .isPresent();
        join(2, "a");
        Session now = join(3, "a");
        String hasDisks = new UUID(0, 2).toString();
        assertThat(former.remove(host -> host.host().equals(hasDisks))).isZero();
        pass(12, now);
        assertThat(former.remove(host -> host.host().equals(hasDisks))).isZero();
        assertThat(names()).hasSize(3);
        assertThat(remove()).isEqualTo(1);
        assertThat(store.note(owner.holder().note())).isPresent();
    }

    @Test
    void whatIsSaidOfAHostGoesAfterIt() throws IOException {
        Session fenced = join(1, "a");
        Session now = join(2, "a");
        watch.fenced(fenced.holder());
        assertThat(former.remove(host -> host.name().equals("a"))).isZero();
        assertThat(store.notes("fenced/")).hasSize(1);
        assertThat(remove()).isEqualTo(2);
        assertThat(store.notes("fenced/")).isEmpty();
        assertThat(store.notes("hosts/")).containsOnlyKeys(now.holder().note());
        store.writeNote("fenced/" + new UUID(0, 9) + "/" + new UUID(0, 9), "{}");
        assertThat(remove()).isZero();
    }

    /** It was taken for dead, and was paused with its clock. */
    @Test
    void aHostThatWakesIsThereAgain() throws IOException {
        ManualClock paused = new ManualClock();
        Session late = Session.join(store, TIMES, paused, HostRecord.of(new UUID(0, 1), "a", new UUID(1, 99)));
        Session now = join(2, "a");
        assertThat(remove()).isZero();
        pass(12, now);
        assertThat(remove()).isEqualTo(1);
        assertThat(late.renew()).isTrue();
        assertThat(names()).containsExactly("a", "a");
        pass(2, now);
        assertThat(remove()).isZero();
    }

    /** Its note may have been there in between. */
    @Test
    void whoseNoteIsNotThereIsWaitedForOnceMore() throws IOException {
        Session owner = join(1, "a");
        assertThat(owner.claim(KEY, null, Claim.held(owner.holder(), List.of(), null)))
                .isPresent();
        store.removeNote(owner.holder().note());
        Session other = join(2, "b");
        Takeover first = new Takeover(store, other, watch, TIMES, clock);
        assertThatThrownBy(() -> first.claim(KEY, List.of(), null)).isInstanceOf(HeldElsewhereException.class);
        pass(12, other);
        clock.whileSleeping(() -> assertThat(other.renew()).isTrue());
        long before = clock.nanos();
        new Takeover(store, other, watch, TIMES, clock).claim(KEY, List.of(), null);
        assertThat(clock.nanos() - before).isEqualTo(TIMES.deadNanos());
    }
}
