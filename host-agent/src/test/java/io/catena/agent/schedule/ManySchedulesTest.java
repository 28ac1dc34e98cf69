package io.catena.agent.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.guest.Guests;
import io.catena.agent.guest.NoHypervisor;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.api.Sr;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrNotes;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many schedules that are due at once, and hosts of which one has the SR. */
@Timeout(60)
final class ManySchedulesTest {
    private static final int SRS = 4;
    private static final int SCHEDULES = 3;
    private static final Instant START = Instant.parse("2025-01-01T00:00:00Z");
    private static final Instant FIRST_DUE = START.plus(Duration.ofMinutes(150));

    @TempDir
    private Path directory;

    private volatile Instant now = START;
    private final Map<SrId, StorageRepository> repositories = new LinkedHashMap<>();
    private final Logger log = Logger.getLogger(SrSchedules.class.getPackageName());
    private final AtomicInteger together = new AtomicInteger();
    private final AtomicInteger mostTogether = new AtomicInteger();

    private final Clock clock = new Clock() {
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
    };

    @BeforeEach
    void saySoLittle() {
        log.setLevel(Level.OFF);
    }

    @AfterEach
    void sayMoreAgain() {
        log.setLevel(null);
    }

    private long nanos() {
        return Duration.between(START, now).toNanos();
    }

    private StorageHost host() {
        return StorageHost.class.cast(Proxy.newProxyInstance(
                StorageHost.class.getClassLoader(),
                new Class<?>[] {StorageHost.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "srs" ->
                        repositories.keySet().stream()
                                .map(id -> new Sr(id, "sr", "/sr", true))
                                .toList();
                    case "repository" -> repositories.get(SrId.class.cast(arguments[0]));
                    default -> throw new UnsupportedOperationException(method.getName());
                }));
    }

    /** Something that happens before an SR does what it is asked for. */
    @FunctionalInterface
    private interface Before {
        void call(String method) throws InterruptedException;
    }

    private static StorageRepository wrapped(SimulatedSr sr, Before before) {
        StorageRepository real = sr.repository();
        SrNotes notes = wrapped(SrNotes.class, real.notes(), before);
        StorageRepository disks = wrapped(StorageRepository.class, real, before);
        return StorageRepository.class.cast(Proxy.newProxyInstance(
                StorageRepository.class.getClassLoader(),
                new Class<?>[] {StorageRepository.class},
                (proxy, method, arguments) ->
                        method.getName().equals("notes") ? notes : invoke(method, disks, arguments)));
    }

    private static <T> T wrapped(Class<T> type, T real, Before before) {
        return type.cast(
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    before.call(method.getName());
                    return invoke(method, real, arguments);
                }));
    }

    private static @Nullable Object invoke(Method method, Object on, Object @Nullable [] arguments) throws Throwable {
        try {
            return method.invoke(on, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    /** How an SR takes its snapshots. */
    private final class Cuts implements Before {
        private final AtomicInteger begun = new AtomicInteger();
        private final AtomicInteger atOnce = new AtomicInteger();
        private final CountDownLatch entered = new CountDownLatch(1);
        private final CountDownLatch all = new CountDownLatch(SCHEDULES);
        private final CountDownLatch released;
        private final boolean firstFails;

        Cuts(CountDownLatch released, boolean firstFails) {
            this.released = released;
            this.firstFails = firstFails;
        }

        @Override
        public void call(String method) throws InterruptedException {
            if (!method.equals("snapshot")) {
                return;
            }
            mostTogether.accumulateAndGet(together.incrementAndGet(), Math::max);
            assertThat(atOnce.incrementAndGet())
                    .as("snapshots of one SR at once")
                    .isEqualTo(1);
            entered.countDown();
            released.await();
            atOnce.decrementAndGet();
            together.decrementAndGet();
            all.countDown();
            if (begun.incrementAndGet() == 1 && firstFails) {
                throw new SrException(SrError.TRY_AGAIN, "not now");
            }
        }
    }

    @Test
    void oneSrThatHangsAndOneThatFailsKeepNoOtherScheduleFromItsSnapshots() throws Exception {
        CountDownLatch hanging = new CountDownLatch(1);
        Map<SrId, Cuts> cuts = new LinkedHashMap<>();
        for (int i = 0; i < SRS; i++) {
            SimulatedSr sr = new SimulatedSr(new SrId(new UUID(7, i)), 2, new Random(i));
            Cuts own = new Cuts(i == 0 ? hanging : new CountDownLatch(0), i == 1);
            cuts.put(sr.id(), own);
            repositories.put(sr.id(), wrapped(sr, own));
        }
        SrId hung = cuts.keySet().iterator().next();
        StorageHost host = host();
        try (Guests guests = new Guests(host, new NoHypervisor(), directory, this::nanos);
                Schedules schedules =
                        new Schedules(host, host, guests, (kind, of, vdi, job, data) -> {}, clock, this::nanos)) {
            for (SrId sr : cuts.keySet()) {
                for (int number = 0; number < SCHEDULES; number++) {
                    schedules.of(sr).put(NightlySchedule.of(sr, number, START));
                }
            }
            now = FIRST_DUE;

            for (Map.Entry<SrId, Cuts> sr : cuts.entrySet()) {
                CountDownLatch awaited = sr.getKey().equals(hung) ? sr.getValue().entered : sr.getValue().all;
                assertThat(awaited.await(30, TimeUnit.SECONDS))
                        .as("SR %s", sr.getKey())
                        .isTrue();
            }
            assertThat(CompletableFuture.supplyAsync(() -> schedules.of(hung).all())
                            .get(20, TimeUnit.SECONDS))
                    .as("told while a snapshot hangs")
                    .hasSize(SCHEDULES);
            hanging.countDown();
            assertThat(Objects.requireNonNull(cuts.get(hung)).all.await(30, TimeUnit.SECONDS))
                    .isTrue();
            assertThat(mostTogether.get()).isLessThanOrEqualTo(SRS);
        } finally {
            hanging.countDown();
        }
    }

    @Test
    void ofTwoHostsOnlyTheOneThatHasTheSrCutsAndTheOtherGoesOnAfterATakeover() throws IOException {
        SimulatedSr sr = new SimulatedSr(new SrId(new UUID(7, 7)), 2, new Random(7));
        StorageHost none = host();
        try (Guests guests = new Guests(none, new NoHypervisor(), directory, this::nanos)) {
            SrSchedules holder = agent(sr.id(), sr.repository(), guests);
            SrSchedules follower = agent(sr.id(), follower(sr), guests);
            holder.put(NightlySchedule.of(sr.id(), 0, START));
            assertThatThrownBy(() -> follower.put(NightlySchedule.of(sr.id(), 1, START)))
                    .isInstanceOf(SrException.class);
            for (int day = 1; day <= 3; day++) {
                now = FIRST_DUE.plus(Duration.ofDays(day - 1));
                follower.tick();
                assertThat(sr.created()).isEqualTo(2 * (day - 1));
                holder.tick();
                follower.tick();
                assertThat(sr.created()).isEqualTo(2 * day);
            }

            SrSchedules heir = agent(sr.id(), sr.repository(), guests);
            SrSchedules former = agent(sr.id(), follower(sr), guests);
            heir.tick();
            assertThat(sr.created()).as("what the other host cut already").isEqualTo(6);
            now = FIRST_DUE.plus(Duration.ofDays(3));
            former.tick();
            heir.tick();
            former.tick();
            assertThat(sr.created()).isEqualTo(8);
            assertThat(sr.cutTwice()).isEmpty();
        }
    }

    /** By what hosts send each other. */
    private static SrNotes.Keeper asked(SrSchedules holder, SrId sr) {
        return new SrNotes.Keeper() {
            @Override
            public String look(String question) {
                return ScheduleMessages.answer(holder, sr, question);
            }

            @Override
            public String change(String question) {
                return ScheduleMessages.answer(holder, sr, question);
            }
        };
    }

    @Test
    void whatAFollowerAsksForIsDoneByTheHostThatHasTheSr() throws IOException {
        SimulatedSr sr = new SimulatedSr(new SrId(new UUID(7, 9)), 2, new Random(9));
        try (Guests guests = new Guests(host(), new NoHypervisor(), directory, this::nanos)) {
            SrSchedules holder = agent(sr.id(), sr.repository(), guests);
            SrNotes.Keeper keeper = asked(holder, sr.id());
            ScheduleBook there = new RemoteSchedules(agent(sr.id(), follower(sr), guests), keeper);
            Schedule nightly = NightlySchedule.of(sr.id(), 0, START);

            assertThat(there.put(nightly).schedule()).isEqualTo(nightly);
            assertThat(holder.all()).extracting(Keeping::schedule).containsExactly(nightly);
            now = FIRST_DUE;
            holder.tick();
            assertThat(sr.created()).isEqualTo(2);
            assertThat(there.all().get(0).state().lastOk()).isEqualTo(FIRST_DUE);

            assertThat(there.put(nightly.enabled(false)).schedule().enabled()).isFalse();
            now = FIRST_DUE.plus(Duration.ofDays(1));
            holder.tick();
            assertThat(sr.created()).isEqualTo(2);
            there.run(nightly);
            holder.tick();
            assertThat(sr.created()).isEqualTo(4);

            Schedule foreign = NightlySchedule.of(new SrId(new UUID(7, 1)), 0, START);
            assertThatThrownBy(() -> there.put(foreign)).hasMessageContaining("no schedule of SR");
            assertThatThrownBy(() -> there.run(NightlySchedule.of(sr.id(), 5, START)))
                    .hasMessageContaining("There is no schedule");
            assertThatThrownBy(() -> keeper.change("{\"what\":\"later\"}"))
                    .isInstanceOfSatisfying(
                            SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.UNIMPLEMENTED));
            assertThatThrownBy(() -> keeper.change("[]")).isInstanceOf(SrException.class);

            assertThat(there.remove(nightly, true)).hasSize(4);
            assertThat(holder.all()).isEmpty();
        }
    }

    /** The snapshots are there, and nobody has written down that they are. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aHolderThatIsKilledBetweenCutAndRecordLeavesADueInstantToTheNextOne(boolean isCut) throws IOException {
        SimulatedSr sr = new SimulatedSr(new SrId(new UUID(7, 10)), 2, new Random(10));
        try (Guests guests = new Guests(host(), new NoHypervisor(), directory, this::nanos)) {
            SrSchedules killed = agent(sr.id(), dyingAtTheCut(sr, isCut), guests);
            killed.put(NightlySchedule.of(sr.id(), 0, START));
            now = FIRST_DUE;
            assertThatThrownBy(killed::tick).isInstanceOf(SimulatedSr.Killed.class);
            assertThat(sr.created()).isEqualTo(isCut ? 2 : 0);

            SrSchedules heir = agent(sr.id(), sr.repository(), guests);
            now = FIRST_DUE.plusSeconds(15);
            heir.tick();
            heir.tick();
            assertThat(sr.created()).isEqualTo(2);
            assertThat(sr.cutTwice()).isEmpty();
            assertThat(heir.all().get(0).state().runs()).hasSize(1);
            assertThat(heir.all().get(0).state().lastOk()).isEqualTo(FIRST_DUE);
        }
    }

    private static StorageRepository dyingAtTheCut(SimulatedSr sr, boolean isCut) {
        StorageRepository real = sr.repository();
        return StorageRepository.class.cast(Proxy.newProxyInstance(
                StorageRepository.class.getClassLoader(),
                new Class<?>[] {StorageRepository.class},
                (proxy, method, arguments) -> {
                    boolean dies = method.getName().equals("snapshot");
                    Object answer = dies && !isCut ? null : method.invoke(real, arguments);
                    if (dies) {
                        throw new SimulatedSr.Killed();
                    }
                    return answer;
                }));
    }

    /** Wherever a tick is when that happens. */
    @ParameterizedTest
    @ValueSource(strings = {"names", "vdis", "stat", "write", "snapshot"})
    void anSrThatIsDetachedMeanwhileIsToldOfInOneLine(String from) throws IOException {
        SimulatedSr sr = new SimulatedSr(new SrId(new UUID(7, 11)), 2, new Random(11));
        boolean[] detached = {false};
        StorageRepository there = wrapped(sr, method -> {
            detached[0] |= now.equals(FIRST_DUE) && method.equals(from);
            if (detached[0]) {
                throw new SrException(SrError.SR_UNAVAILABLE, "SR was detached meanwhile");
            }
        });
        try (Guests guests = new Guests(host(), new NoHypervisor(), directory, this::nanos);
                HeardLog heard = new HeardLog(log)) {
            SrSchedules first = agent(sr.id(), sr.repository(), guests);
            first.put(NightlySchedule.of(sr.id(), 0, START));
            SrSchedules schedules = agent(sr.id(), there, guests);
            if (!from.equals("names")) {
                schedules.tick();
            }
            heard.records().clear();
            now = FIRST_DUE;
            schedules.tick();
            schedules.tick();

            assertThat(detached[0]).isTrue();
            assertThat(heard.records()).singleElement().satisfies(line -> {
                assertThat(line.getThrown()).isNull();
                assertThat(line.getMessage()).contains("schedules-wait", "was detached meanwhile");
            });
            assertThat(sr.created()).isZero();

            SrSchedules heir = agent(sr.id(), sr.repository(), guests);
            now = FIRST_DUE.plusSeconds(15);
            heir.tick();
            assertThat(sr.created()).as("what was due is not lost").isEqualTo(2);
        }
    }

    /** What is logged, from its being opened until it is closed. */
    private static final class HeardLog extends Handler implements AutoCloseable {
        private final Logger logger;
        private final List<LogRecord> records = new ArrayList<>();

        HeardLog(Logger logger) {
            this.logger = logger;
            logger.setLevel(Level.INFO);
            logger.setUseParentHandlers(false);
            logger.addHandler(this);
        }

        List<LogRecord> records() {
            return records;
        }

        @Override
        public void publish(LogRecord line) {
            records.add(line);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {
            logger.removeHandler(this);
            logger.setUseParentHandlers(true);
            logger.setLevel(Level.OFF);
        }
    }

    /** As if a sector of it were bad, for a while. */
    @Test
    void aNoteThatCannotBeReadKeepsNoOtherScheduleFromItsSnapshots() throws IOException {
        SimulatedSr sr = new SimulatedSr(new SrId(new UUID(7, 8)), 2, new Random(8));
        Schedule bad = NightlySchedule.of(sr.id(), 0, START);
        Schedule good = NightlySchedule.of(sr.id(), 1, START);
        try (Guests guests = new Guests(host(), new NoHypervisor(), directory, this::nanos)) {
            SrSchedules before = agent(sr.id(), sr.repository(), guests);
            before.put(bad);
            before.put(good);

            String[] unreadable = {bad.id()};
            SrSchedules after = agent(sr.id(), withoutNote(sr, unreadable), guests);
            now = FIRST_DUE;
            after.tick();

            assertThat(after.all()).extracting(Keeping::schedule).containsExactly(good);
            assertThat(after.damaged()).containsOnlyKeys(bad.id());
            assertThat(sr.created()).isEqualTo(2);
            unreadable[0] = "none";
            assertThat(after.all()).hasSize(2);
            assertThat(after.damaged()).isEmpty();
        }
    }

    private static StorageRepository withoutNote(SimulatedSr sr, String[] unreadable) {
        StorageRepository real = sr.repository();
        SrNotes notes = SrNotes.class.cast(Proxy.newProxyInstance(
                SrNotes.class.getClassLoader(), new Class<?>[] {SrNotes.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("read")
                            && String.valueOf(arguments[0]).contains(unreadable[0])) {
                        throw new SrException(SrError.IO_ERROR, "a bad sector");
                    }
                    return method.invoke(real.notes(), arguments);
                }));
        return StorageRepository.class.cast(Proxy.newProxyInstance(
                StorageRepository.class.getClassLoader(),
                new Class<?>[] {StorageRepository.class},
                (proxy, method, arguments) ->
                        method.getName().equals("notes") ? notes : method.invoke(real, arguments)));
    }

    /** What a host sees of an SR that it reaches through another. */
    private static StorageRepository follower(SimulatedSr sr) {
        StorageRepository real = sr.repository();
        SrNotes notes = SrNotes.class.cast(Proxy.newProxyInstance(
                SrNotes.class.getClassLoader(), new Class<?>[] {SrNotes.class}, (proxy, method, arguments) -> {
                    throw elsewhere();
                }));
        return StorageRepository.class.cast(Proxy.newProxyInstance(
                StorageRepository.class.getClassLoader(),
                new Class<?>[] {StorageRepository.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "notes" -> notes;
                    case "vdis" -> real.vdis();
                    default -> throw elsewhere();
                }));
    }

    private static SrException elsewhere() {
        return new SrException(SrError.UNIMPLEMENTED, "possible only on the host that has the SR");
    }

    private SrSchedules agent(SrId id, StorageRepository repository, Guests guests) {
        return new SrSchedules(id, repository, guests, (kind, of, vdi, job, data) -> {}, clock, this::nanos);
    }
}
