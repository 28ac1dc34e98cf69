package io.catena.agent.schedule.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.schedule.policy.Retention.Fate;
import io.catena.agent.schedule.policy.Retention.Made;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

final class RetentionTest {
    private static final ZoneId UTC = ZoneId.of("UTC");
    private static final Instant NOW = Instant.parse("2026-06-30T12:00:00Z");

    private static Retention of(@Nullable Integer last, @Nullable Integer daily, @Nullable Integer weekly) {
        return new Retention(last, null, daily, weekly, null, null, null, null);
    }

    private static List<Made<Integer>> hourly(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new Made<>(i, NOW.minus(Duration.ofHours(i)), null))
                .toList();
    }

    private static List<Integer> kept(Retention retention, List<Made<Integer>> made, boolean mayAge) {
        return retention.decide(made, UTC, NOW, mayAge).stream()
                .filter(Fate::stays)
                .map(fate -> fate.made().snapshot())
                .toList();
    }

    @Test
    void theLastAreExactlySoMany() {
        assertThat(kept(of(3, null, null), hourly(10), true)).containsExactly(0, 1, 2);
    }

    @Test
    void aTierKeepsTheFirstOfEachPeriodAndTheNewestStaysAnyway() {
        // 12:00 is the newest; 00:00 of today and of yesterday are 12 and 36 hours ago.
        assertThat(kept(of(null, 2, null), hourly(100), true)).containsExactly(0, 12, 36);
    }

    @Test
    void whatSomebodyHoldsStays() {
        List<Made<Integer>> made = List.of(
                new Made<>(0, NOW, null),
                new Made<>(1, NOW.minusSeconds(60), "pinned"),
                new Made<>(2, NOW.minusSeconds(120), null));
        assertThat(kept(of(1, null, null), made, true)).containsExactly(0, 1);
    }

    @Test
    void nothingAgesWhileTheClockCannotBeBelievedAndTheNewestNeverDoes() {
        Retention tenDays = new Retention(null, null, null, null, null, null, 10, null);
        List<Made<Integer>> old = List.of(
                new Made<>(0, NOW.minus(Duration.ofDays(400)), null),
                new Made<>(1, NOW.minus(Duration.ofDays(401)), null));
        assertThat(kept(tenDays, old, false)).containsExactly(0, 1);
        assertThat(kept(tenDays, old, true)).containsExactly(0);
    }

    @Test
    void noMoreThanTheMostAreKept() {
        Retention two = new Retention(null, null, null, null, null, null, null, 2);
        assertThat(kept(two, hourly(5), true)).containsExactly(0, 1);
    }

    @Test
    @Timeout(20)
    void nobodyCountsTheMinutesOfACentury() {
        Retention century = new Retention(null, null, null, null, null, null, 36_500, null);

        assertThat(century.most(CronTiming.parse("* * * * *", UTC), NOW)).isEqualTo(Timing.MOST_COUNTED + 1);
    }
}
