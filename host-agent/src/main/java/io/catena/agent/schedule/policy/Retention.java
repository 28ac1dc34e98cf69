package io.catena.agent.schedule.policy;

import io.catena.api.SrError;
import io.catena.api.SrException;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.time.temporal.TemporalAdjusters;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Which snapshots of a disk a schedule keeps. A tier keeps the first of each of the newest N periods that have one; a snapshot stays
 * if any tier wants it. Without tiers all are wanted. Of these, those that are too old, or more than the most, go. The newest always
 * stays.
 *
 * @param last how many of the newest; null for no such tier, as with the other tiers
 * @param maxAgeDays null for no limit
 * @param maxCount null for no limit
 */
public record Retention(
        @Nullable Integer last,
        @Nullable Integer hourly,
        @Nullable Integer daily,
        @Nullable Integer weekly,
        @Nullable Integer monthly,
        @Nullable Integer yearly,
        @Nullable Integer maxAgeDays,
        @Nullable Integer maxCount) {
    private static final int MOST = 10_000;
    private static final int MOST_DAYS = 36_500;

    /**
     * @throws SrException {@link SrError#BAD_REQUEST} if it keeps everything for ever, or a number is out of range
     */
    public Retention {
        check("keepLast", last, MOST);
        check("keepHourly", hourly, MOST);
        check("keepDaily", daily, MOST);
        check("keepWeekly", weekly, MOST);
        check("keepMonthly", monthly, MOST);
        check("keepYearly", yearly, MOST);
        check("maxAgeDays", maxAgeDays, MOST_DAYS);
        check("maxCount", maxCount, MOST);
    }

    private static void check(String field, @Nullable Integer value, int most) {
        if (value != null && (value < 1 || value > most)) {
            throw new SrException(
                            SrError.BAD_REQUEST,
                            "\"" + field + "\" is " + value + ", expected 1 to " + most + ", or no such field")
                    .field(field);
        }
    }

    /** Whether there is anything that lets a snapshot go. */
    boolean isBounded() {
        return hasTiers() || maxAgeDays != null || maxCount != null;
    }

    private boolean hasTiers() {
        return sumOfTiers() > 0;
    }

    private int sumOfTiers() {
        int sum = 0;
        for (Integer tier : new Integer[] {last, hourly, daily, weekly, monthly, yearly}) {
            sum += tier == null ? 0 : tier;
        }
        return sum;
    }

    /** Returns how many of a disk are kept at most; the newest is one that no tier may want. */
    int most(Timing timing, Instant now) {
        int most = hasTiers() ? sumOfTiers() + (last == null ? 1 : 0) : Integer.MAX_VALUE;
        if (maxAgeDays != null) {
            Duration age = Duration.ofDays(maxAgeDays);
            // Only the number counts: the newest of very many is not looked for.
            most = Math.min(most, timing.between(now, now.plus(age), 0).count() + 1);
        }
        return maxCount == null ? most : Math.min(most, maxCount);
    }

    /**
     * A snapshot that the schedule made.
     *
     * @param due when it was due
     * @param held why it cannot go whatever the rules say; null if it can
     */
    public record Made<T>(T snapshot, Instant due, @Nullable String held) {}

    /**
     * What becomes of a snapshot.
     *
     * @param why the rules by which it stays, or goes
     */
    public record Fate<T>(Made<T> made, boolean stays, String why) {}

    /**
     * Decides about all snapshots of one disk; newest first.
     *
     * @param mayAge whether the clock can be believed; if not, none is too old
     */
    public <T> List<Fate<T>> decide(List<Made<T>> snapshots, ZoneId zone, Instant now, boolean mayAge) {
        List<Made<T>> newestFirst = new ArrayList<>(snapshots);
        newestFirst.sort(Comparator.comparing((Made<T> made) -> made.due()).reversed());
        Map<Instant, Set<String>> wanted =
                wanted(newestFirst.stream().map(Made::due).toList(), zone);
        List<Fate<T>> fates = new ArrayList<>();
        int kept = 0;
        for (Made<T> made : newestFirst) {
            Set<String> tiers = wanted.getOrDefault(made.due(), Set.of());
            String refusal = refusal(made, tiers, kept, now, mayAge);
            if (fates.isEmpty()) {
                fates.add(new Fate<>(made, true, tiers.isEmpty() ? "newest" : String.join(", ", tiers)));
                kept++;
            } else if (refusal == null) {
                fates.add(new Fate<>(made, true, String.join(", ", tiers)));
                kept++;
            } else if (made.held() != null) {
                fates.add(new Fate<>(made, true, made.held()));
            } else {
                fates.add(new Fate<>(made, false, refusal));
            }
        }
        return fates;
    }

    private @Nullable String refusal(Made<?> made, Set<String> tiers, int kept, Instant now, boolean mayAge) {
        if (tiers.isEmpty()) {
            return "no tier wants it";
        }
        if (maxAgeDays != null && mayAge && made.due().isBefore(now.minus(Duration.ofDays(maxAgeDays)))) {
            return "older than " + maxAgeDays + " days";
        }
        return maxCount != null && kept >= maxCount ? "more than " + maxCount : null;
    }

    /** Returns, for each due time that a tier wants, by which tiers. */
    private Map<Instant, Set<String>> wanted(List<Instant> newestFirst, ZoneId zone) {
        Map<Instant, Set<String>> wanted = new LinkedHashMap<>();
        if (!hasTiers()) {
            newestFirst.forEach(due -> want(wanted, due, "no tiers"));
            return wanted;
        }
        newestFirst.stream().limit(last == null ? 0 : last).forEach(due -> want(wanted, due, "last"));
        tier("hourly", hourly, newestFirst, due -> due.atZone(zone).truncatedTo(ChronoUnit.HOURS), wanted);
        tier("daily", daily, newestFirst, due -> day(due, zone), wanted);
        tier("weekly", weekly, newestFirst, due -> day(due, zone).with(DayOfWeek.MONDAY), wanted);
        tier("monthly", monthly, newestFirst, due -> day(due, zone).withDayOfMonth(1), wanted);
        tier("yearly", yearly, newestFirst, due -> day(due, zone).with(TemporalAdjusters.firstDayOfYear()), wanted);
        return wanted;
    }

    private static LocalDate day(Instant due, ZoneId zone) {
        return ZonedDateTime.ofInstant(due, zone).toLocalDate();
    }

    private static void want(Map<Instant, Set<String>> wanted, Instant due, String tier) {
        wanted.computeIfAbsent(due, d -> new TreeSet<>()).add(tier);
    }

    private static <P> void tier(
            String name,
            @Nullable Integer keep,
            List<Instant> newestFirst,
            Function<Instant, P> period,
            Map<Instant, Set<String>> wanted) {
        if (keep == null) {
            return;
        }
        Map<P, Instant> firsts = new LinkedHashMap<>();
        Set<P> newest = new HashSet<>();
        for (Instant due : newestFirst) {
            P of = period.apply(due);
            if (newest.contains(of) || newest.size() < keep) {
                newest.add(of);
                firsts.put(of, due);
            }
        }
        firsts.values().forEach(due -> want(wanted, due, name));
    }
}
