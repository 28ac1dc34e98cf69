package io.catena.harness.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.check.CheckOptions;
import io.catena.check.RepairOptions;
import io.catena.check.RepairPlan;
import io.catena.check.VhdCheck;
import io.catena.check.VhdRepair;
import io.catena.check.finding.Report;
import io.catena.check.finding.Verdict;
import io.catena.disk.ChainPath;
import io.catena.harness.peer.Fixture;
import io.catena.harness.peer.FixtureFile;
import io.catena.harness.peer.Fixtures;
import io.catena.store.FileStorage;
import io.catena.tool.VhdDigest;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damaged copies of all fixtures through everything that reads foreign VHD bytes. {@code -Dfuzz.seconds=N} takes longer,
 * {@code -Dseed=N} begins with that input.
 */
@Tag("slow")
class VhdFuzzTest {
    private static final long SECONDS = Long.getLong("fuzz.seconds", 20);
    private static final long FIRST_SEED = Long.getLong("seed", 1);
    private static final int DEADLINE_SECONDS = 20;
    private static final int BYTES_READ = 1 << 16;
    private static final long MAX_READ_WHOLE = 64 << 20;

    /** Reading whole disks is slow, so only some inputs are also repaired. */
    private static final int REPAIR_EACH = 10;

    @TempDir
    Path directory;

    @Test
    void noBytesMakeAnythingFailButWithAnIoException() throws Exception {
        Fixtures fixtures = Fixtures.unpack(directory);
        ExecutorService worker = Executors.newSingleThreadExecutor(VhdFuzzTest::daemon);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        long seed = FIRST_SEED;
        while (System.nanoTime() < end) {
            runOne(fixtures, seed++, worker);
        }
        worker.shutdown();
        System.out.println("fuzzed inputs: " + (seed - FIRST_SEED));
        assertThat(seed - FIRST_SEED).as("inputs").isGreaterThan(SECONDS);
    }

    private static void runOne(Fixtures fixtures, long seed, ExecutorService worker) throws Exception {
        Random random = new Random(seed * 0x9E3779B97F4A7C15L);
        Fixture fixture = fixtures.all().get(random.nextInt(fixtures.all().size()));
        FixtureFile file = fixture.files().get(random.nextInt(fixture.files().size()));
        Mutation mutation = new Mutation(file.path(), random);
        mutation.apply();
        String name = fixture.directory().relativize(file.path()).toString();
        Future<?> done = worker.submit(() -> {
            read(new FileStorage(fixture.directory()), name);
            if (seed % REPAIR_EACH == 0) {
                repair(new FileStorage(fixture.directory()), file.path(), name);
            }
            return null;
        });
        try {
            done.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        } catch (Exception e) {
            String input = "-Dseed=" + seed + ": " + fixture.name() + "/" + name + ":" + mutation;
            throw new AssertionError("repeat with " + input, e);
        }
        mutation.takeBack();
    }

    private static void read(FileStorage storage, String name) throws IOException {
        Report report = new VhdCheck(storage, Clock.systemUTC()).check(name, CheckOptions.THOROUGH);
        VhdRepair repair = new VhdRepair(storage, Clock.systemUTC(), () -> new UUID(1, 2));
        for (boolean drop : new boolean[] {false, true}) {
            Optional<IOException> failure = attempt(() -> repair.plan(name, new RepairOptions(drop, null)));
            assertThat(failure).isEmpty();
        }
        Optional<IOException> failure = attempt(() -> open(storage, name));
        if (report.verdict() == Verdict.VALID) {
            assertThat(failure)
                    .as("what the check calls valid can be opened; %s", report)
                    .isEmpty();
        }
    }

    private static void open(FileStorage storage, String name) throws IOException {
        for (ChainFile file : ChainPath.of(storage, ChainFile.vhd(storage, name))) {
            try (Layer layer = file.openReadOnly(storage)) {
                look(layer);
            }
        }
    }

    private static void look(Layer layer) throws IOException {
        long size = layer.sizeBytes();
        for (long offset : new long[] {0, size / 2 / 512 * 512, size - 512}) {
            if (offset >= 0 && offset < size) {
                long run = layer.run(offset, Math.min(BYTES_READ, size - offset));
                if (run > 0) {
                    layer.read(offset, ByteBuffer.allocate((int) run));
                }
            }
        }
    }

    /** What a guest sees is the same after a repair, and the file is the same after the repair is taken back. */
    private static void repair(FileStorage storage, Path path, String name) throws IOException {
        VhdRepair repair = new VhdRepair(storage, Clock.systemUTC(), () -> new UUID(1, 2));
        RepairPlan plan = repair.plan(name, RepairOptions.SAFE);
        if (plan.isEmpty()) {
            return;
        }
        byte[] before = Files.readAllBytes(path);
        Optional<String> content = digest(storage, name);
        repair.apply(plan);
        // What is put right may uncover more, as the place of a batmap; nothing is put right twice.
        assertThat(repair.plan(name, RepairOptions.SAFE).changes())
                .as("a second repair after %s", plan)
                .doesNotContainAnyElementsOf(plan.changes());
        if (content.isPresent()) {
            assertThat(digest(storage, name)).as(plan.toString()).isEqualTo(content);
        }
        repair.undo(name);
        assertThat(Arrays.equals(Files.readAllBytes(path), before))
                .as("taken back: %s", plan)
                .isTrue();
    }

    /** Empty if the disk cannot be read, or would take too long. */
    private static Optional<String> digest(FileStorage storage, String name) {
        try {
            boolean small = ChainFile.vhd(storage, name).sizeBytes() <= MAX_READ_WHOLE;
            return small ? Optional.of(VhdDigest.sha256(storage, name)) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static Optional<IOException> attempt(Attempt attempt) {
        try {
            attempt.run();
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(e);
        }
    }

    @FunctionalInterface
    private interface Attempt {
        void run() throws IOException;
    }

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "fuzz");
        thread.setDaemon(true);
        return thread;
    }
}
