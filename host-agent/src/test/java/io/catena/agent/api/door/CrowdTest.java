package io.catena.agent.api.door;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Those who say nothing make room for others, and nobody who is served does. */
class CrowdTest {
    private static final long LONG = 100;

    private final Crowd<Object> crowd = new Crowd<>(new Crowd.Limits(8, 4, 2, LONG));
    private final List<Object> closed = new ArrayList<>();
    private long now;

    private Object arrive(String address) {
        Object connection = new Object();
        Object leaving = crowd.arrive(connection, address, now++);
        if (leaving != null) {
            closed.add(leaving);
        }
        return connection;
    }

    private Object served(String address) {
        Object connection = arrive(address);
        crowd.begins(connection);
        return connection;
    }

    private Object idle(String address) {
        Object connection = served(address);
        crowd.ends(connection);
        return connection;
    }

    @Test
    void anAddressThatConnectsAndSaysNothingPushesOutItself() {
        Object other = arrive("b");
        Object first = arrive("a");
        Object second = arrive("a");
        arrive("a");
        arrive("a");

        assertThat(closed).containsExactly(first, second);
        crowd.begins(other);
        assertThat(crowd.strangers()).isEqualTo(2);
    }

    @Test
    void manyAddressesPushOutTheirEldest() {
        Object first = arrive("a");
        arrive("b");
        arrive("c");
        arrive("d");

        Object honest = served("e");

        assertThat(closed).containsExactly(first);
        arrive("f");
        arrive("g");
        arrive("h");
        arrive("i");
        assertThat(closed).doesNotContain(honest);
    }

    @Test
    void whenAllPlacesAreTakenTheOneThatIsIdleForLongestGoes() {
        Object busy = served("a");
        Object eldest = idle("b");
        Object again = idle("b");
        crowd.begins(eldest);
        crowd.ends(eldest);
        for (int i = 0; i < 5; i++) {
            served("c" + i);
        }

        served("d");
        assertThat(closed).containsExactly(again);
        served("d");
        assertThat(closed).containsExactly(again, eldest).doesNotContain(busy);
    }

    @Test
    void whoIsServedStaysHoweverManyCome() {
        for (int i = 0; i < 8; i++) {
            served("a");
        }

        Object stranger = arrive("b");
        arrive("c");

        assertThat(closed).containsExactly(stranger);
    }

    @Test
    void aStrangerThatWasAnsweredStaysOne() {
        Object connection = arrive("a");
        crowd.ends(connection);

        assertThat(crowd.strangers()).isEqualTo(1);
    }

    @Test
    void strangersHaveADeadlineThatOthersHaveNot() {
        Object slow = arrive("a");
        Object known = idle("a");
        now += LONG;
        Object fresh = arrive("a");

        assertThat(crowd.overdue(now)).containsExactly(slow).doesNotContain(known, fresh);
        crowd.leave(slow);
        assertThat(crowd.overdue(now)).isEmpty();
        assertThat(crowd.strangers()).isEqualTo(1);
    }

    @Test
    void aStrangerThatAsksWhatEverybodyMayHasTimeAgainButGoesForOthers() {
        Object watcher = arrive("a");
        Object silent = arrive("a");
        now += LONG;
        crowd.asked(watcher, now);
        now++;

        assertThat(crowd.overdue(now)).containsExactly(silent);
        crowd.leave(silent);
        arrive("a");
        arrive("a");
        assertThat(closed).containsExactly(watcher);
        assertThat(crowd.strangers()).isEqualTo(2);
    }
}
