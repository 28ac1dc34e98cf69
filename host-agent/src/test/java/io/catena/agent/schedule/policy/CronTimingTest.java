package io.catena.agent.schedule.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Due instants over ten years, against a walk over all quarters of an hour that knows nothing of cron. */
@Tag("slow")
final class CronTimingTest {
    private static final Duration STEP = Duration.ofMinutes(15);
    private static final Instant START = Instant.parse("2024-01-01T00:00:00Z");

    record Case(String cron, String zone, int years, boolean everyHour, Predicate<LocalDateTime> matches) {
        @Override
        public String toString() {
            return cron + " " + zone;
        }
    }

    static Stream<Case> cases() {
        return Stream.of("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC")
                .flatMap(zone -> Stream.of(
                        new Case("15 2 * * *", zone, 10, false, t -> t.getHour() == 2 && t.getMinute() == 15),
                        new Case("30 2 * * *", zone, 10, false, t -> t.getHour() == 2 && t.getMinute() == 30),
                        new Case(
                                "45 1 * * 0",
                                zone,
                                10,
                                false,
                                t -> t.getHour() == 1
                                        && t.getMinute() == 45
                                        && t.getDayOfWeek().getValue() == 7),
                        new Case("0 */6 * * *", zone, 10, false, t -> t.getHour() % 6 == 0 && t.getMinute() == 0),
                        new Case(
                                "0 0 1 * 1",
                                zone,
                                10,
                                false,
                                t -> t.getHour() == 0
                                        && t.getMinute() == 0
                                        && (t.getDayOfMonth() == 1
                                                || t.getDayOfWeek().getValue() == 1)),
                        new Case("15 * * * *", zone, 1, true, t -> t.getMinute() == 15),
                        new Case("*/15 * * * *", zone, 1, true, t -> true)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isDueWhenTheWalkSaysSo(Case tried) {
        ZoneId zone = ZoneId.of(tried.zone());
        Instant end = START.plus(Duration.ofDays(365L * tried.years()));
        Timing timing = CronTiming.parse(tried.cron(), zone);
        List<Instant> found = new ArrayList<>();
        Optional<Instant> next = timing.next(START);
        while (next.isPresent() && !next.get().isAfter(end)) {
            found.add(next.get());
            next = timing.next(next.get());
        }
        assertThat(found).isEqualTo(walk(tried, zone, end));
    }

    private static List<Instant> walk(Case tried, ZoneId zone, Instant end) {
        List<Instant> due = new ArrayList<>();
        Set<LocalDateTime> seen = new HashSet<>();
        LocalDateTime before = LocalDateTime.ofInstant(START, zone);
        for (Instant t = START.plus(STEP); !t.isAfter(end); t = t.plus(STEP)) {
            LocalDateTime local = LocalDateTime.ofInstant(t, zone);
            boolean isNew = seen.add(local) || tried.everyHour();
            Duration gap = Duration.between(before, local).minus(STEP);
            if ((tried.matches().test(local) && isNew)
                    || (!gap.isNegative() && !gap.isZero() && isDueInGap(tried, before, local, gap))) {
                due.add(t);
            }
            before = local;
        }
        return due;
    }

    private static boolean isDueInGap(Case tried, LocalDateTime before, LocalDateTime after, Duration gap) {
        boolean lost = false;
        for (LocalDateTime t = before.plus(STEP); t.isBefore(after); t = t.plus(STEP)) {
            lost |= tried.matches().test(t);
        }
        for (LocalDateTime t = after; t.isBefore(after.plus(gap)); t = t.plus(STEP)) {
            lost &= !tried.matches().test(t);
        }
        return lost;
    }

    @Test
    void aTimeThatClocksSkipIsDueRightAfterThem() {
        Timing timing = CronTiming.parse("30 2 * * *", ZoneId.of("Europe/Berlin"));
        assertThat(timing.next(Instant.parse("2026-03-28T12:00:00Z"))).contains(Instant.parse("2026-03-29T01:00:00Z"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "* * * *", "61 * * * *", "0 0 L * *", "* * * * * *", "@reboot", "0 25 * * *"})
    void whatIsNoExpressionIsRefused(String text) {
        assertThatThrownBy(() -> CronTiming.parse(text, ZoneId.of("UTC")))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("cron expression");
    }

    @Test
    void whatIsNeverDueIsSaidToBe() {
        assertThat(CronTiming.parse("0 0 31 2 *", ZoneId.of("UTC")).next(START)).isEmpty();
    }

    @Test
    void yearsOfMissedMinutesAreNotCounted() {
        Timing timing = new EveryTiming(Duration.ofMinutes(1), Instant.EPOCH);
        Instant now = START.plusSeconds(30);
        Timing.Dues dues = timing.between(START.minus(Duration.ofDays(3650)), now, 3600);
        assertThat(dues).isEqualTo(new Timing.Dues(START, Timing.MOST_COUNTED));
    }
}
