package io.catena.agent.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.guest.Guests;
import io.catena.agent.guest.NoHypervisor;
import io.catena.agent.schedule.policy.Run;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.api.Job;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrStat;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Schedules that were allowed when they were made, and find no room when they are due. */
final class RefusedRunsTest {
    private static final Instant START = Instant.parse("2025-01-01T00:00:00Z");
    private static final Instant FIRST_DUE = START.plus(Duration.ofMinutes(150));
    private static final Duration LATE = Duration.ofHours(7);

    private final SimulatedSr sr = new SimulatedSr(new SrId(new UUID(7, 20)), 2, new Random(20));
    private final Guests guests;
    private Instant now = START;
    private long freeBytes = 1L << 39;
    private int chainLimit = 255;
    private int quota = Integer.MAX_VALUE;
    private int collections;
    private final SrSchedules schedules;

    private final class TestClock extends Clock {
        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    }

    RefusedRunsTest(@TempDir Path directory) throws IOException {
        StorageHost none = StorageHost.class.cast(Proxy.newProxyInstance(
                StorageHost.class.getClassLoader(), new Class<?>[] {StorageHost.class}, (proxy, method, arguments) -> {
                    throw new UnsupportedOperationException(method.getName());
                }));
        guests = new Guests(none, new NoHypervisor(), directory, this::nanos);
        schedules = new SrSchedules(
                sr.id(), filling(), guests, (kind, of, vdi, job, data) -> {}, new TestClock(), this::nanos);
    }

    @BeforeEach
    void save() {
        schedules.put(NightlySchedule.of(sr.id(), 0, START));
    }

    @AfterEach
    void close() throws IOException {
        guests.close();
    }

    private long nanos() {
        return Duration.between(START, now).toNanos();
    }

    /** The SR as the test says that it has become. */
    private StorageRepository filling() {
        StorageRepository real = sr.repository();
        return StorageRepository.class.cast(Proxy.newProxyInstance(
                StorageRepository.class.getClassLoader(),
                new Class<?>[] {StorageRepository.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "stat" -> filled(real.stat());
                    case "collectGarbage" -> collected();
                    case "snapshot" -> {
                        if (sr.created() >= quota) {
                            throw new SrException(SrError.QUOTA_EXCEEDED, "ann has as many snapshots as she may");
                        }
                        yield method.invoke(real, arguments);
                    }
                    default -> method.invoke(real, arguments);
                }));
    }

    private @Nullable Job collected() {
        collections++;
        return null;
    }

    private SrStat filled(SrStat stat) {
        return new SrStat(
                stat.sr(),
                stat.description(),
                stat.capacityBytes(),
                freeBytes,
                stat.physicalBytes(),
                stat.virtualBytes(),
                stat.vdis(),
                stat.nodes(),
                stat.maxChainDepth(),
                chainLimit,
                chainLimit,
                stat.warnings(),
                stat.problems(),
                stat.health());
    }

    @Test
    void aRunThatFindsNoSpaceWaitsForTheCollectionAndIsSkippedAtLast() {
        freeBytes = 0;
        assertThat(refused(Run.Outcome.SKIPPED)).contains("SR_NO_SPACE", "free");
        assertThat(collections).isPositive();
        freeBytes = 1L << 39;
        goesOnTheNextDay();
    }

    @Test
    void aRunThatFindsTheChainFullWaitsForTheCollectionAndIsSkippedAtLast() {
        chainLimit = 4;
        assertThat(refused(Run.Outcome.SKIPPED)).contains("SNAPSHOT_CHAIN_TOO_LONG", "the limit is 4");
        assertThat(collections).isPositive();
        chainLimit = 255;
        goesOnTheNextDay();
    }

    @Test
    void aRunThatTheQuotaRefusesFailsWithItsReason() {
        quota = 0;
        assertThat(refused(Run.Outcome.FAILED)).contains("QUOTA_EXCEEDED", "as she may");
        quota = Integer.MAX_VALUE;
        goesOnTheNextDay();
    }

    @Test
    void ofDisksThatAreCutOneByOneTheRunNamesTheSnapshotsThatWereTaken() {
        onlyOneDiskIsCut();
        failUntilLate();
        assertPartIsNamed();
    }

    /** The time in which it may begin ends before it was tried as often as it may be. */
    @Test
    void aRunThatIsTooLateForAnotherTryNamesTheSnapshotsThatWereTaken() {
        onlyOneDiskIsCut();
        tick(FIRST_DUE);
        tick(FIRST_DUE.plus(LATE));
        assertPartIsNamed();
    }

    private void onlyOneDiskIsCut() {
        schedules.put(NightlySchedule.of(sr.id(), 0, START, Schedule.Mode.EACH));
        quota = 1;
    }

    private void assertPartIsNamed() {
        assertThat(keeping().state().runs()).hasSize(1);
        Run run = keeping().state().runs().get(0);
        assertThat(run.outcome()).isEqualTo(Run.Outcome.FAILED);
        assertThat(run.snapshots()).hasSize(1);
        assertThat(run.reason())
                .contains(
                        "QUOTA_EXCEEDED",
                        "1 of 2 snapshots were taken, in SR " + sr.id() + ": "
                                + run.snapshots().get(0),
                        "run the schedule again");
    }

    @Test
    void aRunGoesOnAsSoonAsThereIsRoomAgain() {
        chainLimit = 4;
        tick(FIRST_DUE);
        assertThat(sr.created()).isZero();
        chainLimit = 255;
        tick(FIRST_DUE.plusSeconds(61));

        assertThat(sr.created()).isEqualTo(2);
        assertThat(keeping().state().lastOk()).isEqualTo(FIRST_DUE);
    }

    /** Returns the reason of the run that came to nothing. */
    private String refused(Run.Outcome outcome) {
        failUntilLate();
        assertThat(sr.created()).isZero();
        Run run = keeping().state().runs().get(0);
        assertThat(keeping().state().runs()).hasSize(1);
        assertThat(run.due()).isEqualTo(FIRST_DUE);
        assertThat(run.outcome()).isEqualTo(outcome);
        assertThat(run.snapshots()).isEmpty();
        return run.reason();
    }

    private void failUntilLate() {
        for (Duration late = Duration.ZERO; late.compareTo(LATE) < 0; late = late.plusMinutes(1)) {
            tick(FIRST_DUE.plus(late));
        }
    }

    private void goesOnTheNextDay() {
        tick(FIRST_DUE.plus(Duration.ofDays(1)));
        assertThat(sr.created()).isEqualTo(2);
        assertThat(keeping().state().runs().get(0).outcome()).isEqualTo(Run.Outcome.OK);
    }

    private Keeping keeping() {
        return schedules.all().get(0);
    }

    private void tick(Instant at) {
        now = at;
        schedules.tick();
    }
}
