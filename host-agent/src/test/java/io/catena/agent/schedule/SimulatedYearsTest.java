package io.catena.agent.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.guest.Guests;
import io.catena.agent.guest.NoHypervisor;
import io.catena.agent.schedule.policy.Retention;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.api.SrId;
import io.catena.api.StorageHost;
import io.catena.api.VdiId;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.YearMonth;
import java.time.ZoneId;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Years of a schedule in a moment: the agent is killed before and after whatever it does, is away for days, and its clock jumps.
 * {@code -Dcatena.schedule.seeds=N} tries more.
 */
@Tag("slow")
final class SimulatedYearsTest {
    private static final Duration TEN_YEARS = Duration.ofDays(3652);
    private static final int LAST = 2;
    private static final int DAILY = 5;
    private static final int WEEKLY = 3;
    private static final int MONTHLY = 4;

    private static final int LATE_MINUTES = 360;

    /** So long after the clock was put right nothing is expected. */
    private static final Duration SETTLING = Duration.ofDays(4);

    /** More than the rule can reach back to. */
    private static final int LOOKED_AT = 600;

    @TempDir
    private Path directory;

    private Instant now = Instant.parse("2025-01-01T00:00:00Z");
    private long nanos;

    /** Kept, or it would be collected with its level. */
    private final Logger log = Logger.getLogger(SrSchedules.class.getPackageName());

    @BeforeEach
    void saySoLittle() {
        log.setLevel(Level.OFF);
    }

    @AfterEach
    void sayMoreAgain() {
        log.setLevel(null);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"})
    void noDueInstantIsCutTwiceAndNothingThatIsWantedGoes(String zone) throws IOException {
        for (int seed = 0; seed < Integer.getInteger("catena.schedule.seeds", 1); seed++) {
            now = Instant.parse("2025-01-01T00:00:00Z");
            live(zone, new Random(seed));
        }
    }

    private void live(String zone, Random random) throws IOException {
        SimulatedSr sr = new SimulatedSr(new SrId(new UUID(7, 7)), 2, random);
        Clock clock = new Clock() {
            @Override
            public ZoneId getZone() {
                return ZoneId.of("UTC");
            }

            @Override
            public Clock withZone(ZoneId other) {
                return this;
            }

            @Override
            public Instant instant() {
                return now;
            }
        };
        try (Guests guests = new Guests(noHost(), new NoHypervisor(), directory, () -> nanos)) {
            SrSchedules agent = agent(sr, guests, clock);
            agent.put(schedule(sr.id(), zone));
            Instant end = now.plus(TEN_YEARS);
            Duration wrong = Duration.ZERO;
            Instant calm = now.plus(SETTLING);
            int seen = 0;
            while (now.minus(wrong).isBefore(end)) {
                if (random.nextInt(400) == 0) {
                    Duration back = wrong;
                    wrong = wrong.isZero() ? Duration.ofHours(random.nextInt(2000) - 400) : Duration.ZERO;
                    now = now.plus(wrong).minus(back);
                    calm = now.plus(SETTLING);
                }
                Duration step = random.nextInt(50) == 0
                        ? Duration.ofHours(random.nextInt(120))
                        : Duration.ofMinutes(30 + random.nextInt(600));
                now = now.plus(step);
                nanos += step.toNanos();
                sr.killSometimes(true);
                try {
                    agent.tick();
                    agent.tick();
                    if (wrong.isZero() && now.isAfter(calm)) {
                        seen += assertNotMissed(sr, ZoneId.of(zone));
                    }
                } catch (SimulatedSr.Killed e) {
                    sr.killSometimes(false);
                    agent = agent(sr, guests, clock);
                    calm = now.plus(Duration.ofHours(12)).isAfter(calm) ? now.plus(Duration.ofHours(12)) : calm;
                }
                sr.killSometimes(false);
                if (sr.takeChanged()) {
                    check(sr, zone);
                }
            }
            assertThat(sr.created()).as("snapshots in ten years").isGreaterThan(3000);
            assertThat(sr.kills()).isGreaterThan(100);
            assertThat(seen).as("snapshots that had to be there").isGreaterThan(1000);
        }
    }

    /** What was due within the time in which it may be made up for is there; returns how much that is. */
    private int assertNotMissed(SimulatedSr sr, ZoneId zone) {
        LocalDate today = LocalDate.ofInstant(now, zone);
        int due = 0;
        for (LocalDateTime time :
                List.of(today.minusDays(1).atTime(14, 30), today.atTime(2, 30), today.atTime(14, 30))) {
            Instant at = time.atZone(zone).toInstant();
            boolean isLate = Duration.between(at, now).compareTo(Duration.ofMinutes(LATE_MINUTES)) >= 0;
            if (at.isAfter(now) || isLate || clocksChange(at, zone)) {
                continue;
            }
            due++;
            for (VdiId disk : sr.disks()) {
                assertThat(sr.newest(disk, LOOKED_AT)).as("at %s", now).contains(at);
            }
        }
        return due;
    }

    /** What becomes of times that clocks skip or repeat is tried elsewhere. */
    private static boolean clocksChange(Instant at, ZoneId zone) {
        Duration day = Duration.ofDays(1);
        return !zone.getRules().getOffset(at.minus(day)).equals(zone.getRules().getOffset(at.plus(day)));
    }

    private SrSchedules agent(SimulatedSr sr, Guests guests, Clock clock) {
        return new SrSchedules(sr.id(), sr.repository(), guests, (kind, of, vdi, job, data) -> {}, clock, () -> nanos);
    }

    private static StorageHost noHost() {
        return StorageHost.class.cast(Proxy.newProxyInstance(
                StorageHost.class.getClassLoader(), new Class<?>[] {StorageHost.class}, (proxy, method, arguments) -> {
                    throw new UnsupportedOperationException(method.getName());
                }));
    }

    private Schedule schedule(SrId sr, String zone) {
        return new Schedule(
                new UUID(1, 2).toString(),
                "nightly",
                sr,
                now,
                true,
                "30 2,14 * * *",
                zone,
                null,
                null,
                null,
                null,
                null,
                Map.of(),
                Schedule.Mode.TOGETHER,
                false,
                Schedule.Quiesce.TRY,
                List.of(),
                Schedule.OnMissed.ONCE,
                LATE_MINUTES,
                3,
                0,
                3,
                "{disk} {due}",
                new Retention(LAST, null, DAILY, WEEKLY, MONTHLY, null, null, null));
    }

    private void check(SimulatedSr sr, String zone) {
        for (VdiId disk : sr.disks()) {
            assertThat(sr.cutTwice()).as("cut twice, seen at %s", now).isEmpty();
            List<Instant> ever = sr.newest(disk, LOOKED_AT);
            assertThat(sr.duesOf(disk)).as("kept at %s", now).containsAll(wanted(ever, ZoneId.of(zone)));
        }
    }

    /** The rule, written down once more and naively, over all that was ever made. */
    private static Set<Instant> wanted(Collection<Instant> ever, ZoneId zone) {
        Set<Instant> wanted = new HashSet<>();
        TreeSet<Instant> newestFirst = new TreeSet<>(Comparator.reverseOrder());
        newestFirst.addAll(ever);
        newestFirst.stream().limit(LAST).forEach(wanted::add);
        wanted.addAll(firsts(newestFirst, DAILY, due -> LocalDate.ofInstant(due, zone)));
        wanted.addAll(firsts(newestFirst, MONTHLY, due -> YearMonth.from(due.atZone(zone))));
        wanted.addAll(firsts(
                newestFirst,
                WEEKLY,
                due -> Math.floorDiv(LocalDate.ofInstant(due, zone).toEpochDay() + 3, 7)));
        return wanted;
    }

    private static <P> Collection<Instant> firsts(Set<Instant> newestFirst, int keep, Function<Instant, P> period) {
        Map<P, Instant> firsts = new HashMap<>();
        for (Instant due : newestFirst) {
            P of = period.apply(due);
            if (firsts.size() == keep && !firsts.containsKey(of)) {
                break;
            }
            firsts.put(of, due);
        }
        return firsts.values();
    }
}
