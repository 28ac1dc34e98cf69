package io.catena.harness.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.linux.LinuxFiles;
import io.catena.api.AccessMode;
import io.catena.api.GcStatus;
import io.catena.api.Job;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.harness.explore.CallSite;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.model.DirectExports;
import io.catena.harness.sim.SimulatedStorage;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Environment;
import io.catena.sr.job.Jobs;
import io.catena.sr.job.Timer;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One file of fifty chains has sectors that cannot be read: its chain is tried three times, with waits between, and left
 * alone then; all others are merged, and what is whole of it can be read.
 */
@Tag("slow")
class SickNodeTest {
    private static final int DISKS = 50;
    private static final int SICK_DISK = 7;
    private static final int KIB = 1 << 10;
    private static final int DISK_BYTES = 4096 * KIB;
    private static final int BASE_BYTES = 64 * KIB;
    private static final int LEAF_BYTES = 512 * KIB;
    private static final Duration DEADLINE = Duration.ofMinutes(2);

    @TempDir
    Path directory;

    @TempDir
    Path redo;

    private final DirectExports exports = new DirectExports();
    private final Object time = new Object();

    /** Guarded by time, as are the alarms. */
    private Instant now = Instant.ofEpochSecond(1_800_000_000);

    private final List<Alarm> alarms = new ArrayList<>();
    private final Clock clock = ((InstantSource) this::now).withZone(ZoneOffset.UTC);
    private final Jobs jobs = new Jobs(clock);
    private volatile String sick = "";

    private record Alarm(Instant at, Runnable work) {}

    @AfterEach
    void close() {
        jobs.close();
    }

    @Test
    void onRealFiles() throws IOException {
        setsAsideOneOfFifty(LinuxFiles.storage(directory), new FileStorage(redo));
    }

    @Test
    void onASimulatedDisk() throws IOException {
        setsAsideOneOfFifty(SimulatedStorage.disk(1), SimulatedStorage.tmpfs(2));
    }

    private void setsAsideOneOfFifty(Storage files, Storage tmpfs) throws IOException {
        Storage storage = new WatchedStorage(files, call -> true, this::fail);
        VhdRepository.create(storage, new SrId(new UUID(1, 1)), "sr");
        try (VhdRepository repository = VhdRepository.attach(storage, "/sr", environment(tmpfs))) {
            for (int disk = 0; disk < DISKS; disk++) {
                make(repository, id(disk));
            }
            sick = Objects.requireNonNull(repository.vdi(id(SICK_DISK)).parent()) + ".vhd";

            Job first = jobs.waitFor(repository.collectGarbage().id(), DEADLINE);
            assertThat(first.result()).contains("merged " + (DISKS - 1), "set aside " + id(SICK_DISK), "try 1 of 3");
            assertTries(repository, 1);
            pass(Duration.ofSeconds(29));
            assertTries(repository, 1);
            pass(Duration.ofSeconds(2));
            assertTries(repository, 2);
            pass(Duration.ofMinutes(5).plusSeconds(1));
            assertTries(repository, 3);
            pass(Duration.ofHours(3));
            assertTries(repository, 3);

            GcStatus status = repository.garbage().status();
            assertThat(status.refused()).singleElement().satisfies(refusal -> {
                assertThat(refusal.node()).isEqualTo(id(SICK_DISK) + ".vhd");
                assertThat(refusal.reason()).asString().contains("set aside after 3 of 3 tries", "Input/output error");
            });
            assertContents(repository);

            sick = "";
            Job last = jobs.waitFor(repository.collectGarbage().id(), DEADLINE);
            assertThat(last.result()).contains("merged 1");
            assertThat(repository.garbage().status().setAside()).isEmpty();
        }
    }

    private static VdiId id(int disk) {
        return new VdiId(new UUID(7, disk));
    }

    private void make(VhdRepository repository, VdiId disk) throws IOException {
        repository.create(new VdiSpec(DISK_BYTES, "disk", "", disk, false));
        repository.attach(disk, AccessMode.READ_WRITE);
        exports.device(disk).write(0, filled(1, BASE_BYTES));
        VdiId snapshot = repository.snapshot(List.of(disk), "").get(0).vdi();
        // Much more, so that the base copy is what is read and moved.
        exports.device(disk).write(2048 * KIB, filled(2, LEAF_BYTES));
        repository.detach(disk);
        repository.destroy(snapshot);
    }

    private static ByteBuffer filled(int value, int lengthBytes) {
        ByteBuffer bytes = ByteBuffer.allocate(lengthBytes);
        while (bytes.hasRemaining()) {
            bytes.put((byte) value);
        }
        return bytes.flip();
    }

    private void fail(String file) throws IOException {
        if (file.equals(sick) && CallSite.isInside("SparseLayer.readInBlock")) {
            throw new IOException(file + ": Input/output error");
        }
    }

    private static void assertTries(VhdRepository repository, int tries) {
        assertThat(repository.garbage().status().setAside()).singleElement().satisfies(failed -> {
            assertThat(failed.tries()).isEqualTo(tries);
            assertThat(failed.reason()).contains("Input/output error");
        });
    }

    private void assertContents(VhdRepository repository) throws IOException {
        for (int disk = 0; disk < DISKS; disk++) {
            VdiId id = id(disk);
            repository.attach(id, AccessMode.READ_ONLY);
            assertThat(read(id, 2048 * KIB, LEAF_BYTES)).isEqualTo(filled(2, LEAF_BYTES));
            if (disk == SICK_DISK) {
                assertThatThrownBy(() -> read(id, 0, BASE_BYTES)).hasMessageContaining("Input/output error");
            } else {
                assertThat(read(id, 0, BASE_BYTES)).isEqualTo(filled(1, BASE_BYTES));
                assertThat(repository.vdi(id).depth()).isEqualTo(1);
            }
            repository.detach(id);
        }
    }

    private ByteBuffer read(VdiId disk, long offset, int lengthBytes) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(lengthBytes);
        exports.device(disk).read(offset, bytes);
        return bytes.flip();
    }

    private Instant now() {
        synchronized (time) {
            return now;
        }
    }

    /** Lets time pass; what is to be done then is done when this returns. */
    private void pass(Duration duration) {
        List<Alarm> due;
        synchronized (time) {
            now = now.plus(duration);
            due = alarms.stream().filter(alarm -> !alarm.at().isAfter(now)).toList();
            alarms.removeAll(due);
        }
        due.forEach(alarm -> alarm.work().run());
        for (Job job : jobs.jobs()) {
            assertThat(jobs.waitFor(job.id(), DEADLINE).state().ended()).isTrue();
        }
    }

    private Timer timer() {
        return (delay, work) -> {
            synchronized (time) {
                Alarm alarm = new Alarm(now.plus(delay), work);
                alarms.add(alarm);
                return () -> {
                    synchronized (time) {
                        alarms.remove(alarm);
                    }
                };
            }
        };
    }

    private Environment environment(Storage tmpfs) {
        return new Environment(tmpfs, new UUID(9, 9), exports, jobs, clock, () -> 0, UUID::randomUUID, timer());
    }
}
