package io.catena.harness.bench;

import io.catena.agent.linux.LinuxFiles;
import io.catena.api.AccessMode;
import io.catena.api.Job;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.disk.BlockDevice;
import io.catena.harness.model.DirectExports;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Environment;
import io.catena.sr.job.Jobs;
import io.catena.store.FileStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Measures how long a guest's requests take while its disk is merged with its base copy, and without that: random writes of
 * 4 KiB at full speed into the leaf.
 */
final class LatencyBench {
    private static final long DISK_BYTES = 1L << 30;
    private static final int PAGE = 4096;
    private static final int MOST_REQUESTS = 20_000_000;
    private static final Duration WITHOUT = Duration.ofSeconds(5);
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private final Path directory;
    private final DirectExports exports = new DirectExports();

    LatencyBench(Path directory) {
        this.directory = directory;
    }

    /** Returns figures in microseconds, and how long the merge took in seconds, with and without a merge. */
    Map<String, Map<String, Double>> run() throws IOException {
        Path sr = Files.createDirectory(directory.resolve("sr"));
        Path redo = Files.createDirectory(directory.resolve("redo"));
        FileStorage storage = LinuxFiles.storage(sr);
        VhdRepository.create(storage, new SrId(UUID.randomUUID()), "sr");
        Map<String, Map<String, Double>> result = new LinkedHashMap<>();
        try (Jobs jobs = new Jobs(Clock.systemUTC());
                VhdRepository repository = VhdRepository.attach(storage, sr.toString(), environment(redo, jobs))) {
            VdiId disk = repository
                    .create(new VdiSpec(DISK_BYTES, "disk", "", null, false))
                    .vdi();
            repository.attach(disk, AccessMode.READ_WRITE);
            fill(disk);
            VdiId snapshot =
                    repository.snapshot(List.of(disk), "snapshot").get(0).vdi();
            result.put("without", measure(disk, () -> sleep(WITHOUT)));
            repository.destroy(snapshot);
            result.put("during the merge", measure(disk, () -> {
                Job job = jobs.waitFor(repository.garbage().run().id(), PATIENCE);
                if (job.state() != Job.State.DONE || repository.vdi(disk).depth() != 1) {
                    throw new IllegalStateException("the merge did not end: " + job);
                }
            }));
        }
        return result;
    }

    private void fill(VdiId disk) throws IOException {
        byte[] bytes = new byte[1 << 20];
        new Random(3).nextBytes(bytes);
        for (long offset = 0; offset < DISK_BYTES; offset += bytes.length) {
            device(disk).write(offset, ByteBuffer.wrap(bytes));
        }
        device(disk).flush();
    }

    private Map<String, Double> measure(VdiId disk, Runnable meanwhile) {
        Guest guest = new Guest(device(disk));
        guest.start();
        long start = System.nanoTime();
        meanwhile.run();
        double seconds = (System.nanoTime() - start) / 1e9;
        return guest.end(seconds);
    }

    private static void sleep(Duration time) {
        try {
            Thread.sleep(time.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private BlockDevice device(VdiId disk) {
        return exports.device(disk);
    }

    static String table(Map<String, Map<String, Double>> latency) {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%-22s %9s %9s %9s %11s %9s %8s%n",
                "a guest's 4 KiB writes",
                "p50, us",
                "p99, us",
                "p99.9, us",
                "max, us",
                "IOPS",
                "seconds"));
        latency.forEach((what, figures) -> text.append(String.format(
                Locale.ROOT,
                "%-22s %9.1f %9.1f %9.1f %11.1f %9.0f %8.1f%n",
                what,
                figures.get("p50"),
                figures.get("p99"),
                figures.get("p99.9"),
                figures.get("max"),
                figures.get("iops"),
                figures.get("seconds"))));
        return text.toString();
    }

    /** Writes at random places as fast as it can. */
    private static final class Guest extends Thread {
        private final BlockDevice device;
        private final AtomicBoolean ended = new AtomicBoolean();
        private int[] nanos = new int[1 << 16];
        private int requests;

        Guest(BlockDevice device) {
            this.device = device;
            setDaemon(true);
        }

        @Override
        public void run() {
            Random random = new Random(5);
            ByteBuffer page = ByteBuffer.allocateDirect(PAGE);
            try {
                while (!ended.get() && requests < MOST_REQUESTS) {
                    long offset = random.nextInt((int) (DISK_BYTES / PAGE)) * (long) PAGE;
                    long start = System.nanoTime();
                    device.write(offset, page.clear().putInt(0, requests));
                    if (requests == nanos.length) {
                        nanos = Arrays.copyOf(nanos, 2 * nanos.length);
                    }
                    nanos[requests++] = (int) Math.min(Integer.MAX_VALUE, System.nanoTime() - start);
                }
            } catch (IOException e) {
                throw new IllegalStateException("a guest's write failed", e);
            }
        }

        Map<String, Double> end(double seconds) {
            ended.set(true);
            try {
                join(PATIENCE.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            int[] sorted = Arrays.copyOf(nanos, requests);
            Arrays.sort(sorted);
            Map<String, Double> figures = new LinkedHashMap<>();
            figures.put("p50", at(sorted, 0.5));
            figures.put("p99", at(sorted, 0.99));
            figures.put("p99.9", at(sorted, 0.999));
            figures.put("max", at(sorted, 1));
            figures.put("iops", requests / seconds);
            figures.put("seconds", seconds);
            return figures;
        }

        private static double at(int[] sorted, double part) {
            return sorted.length == 0 ? 0 : sorted[(int) Math.min(sorted.length - 1.0, part * sorted.length)] / 1e3;
        }
    }

    private Environment environment(Path redo, Jobs jobs) {
        return new Environment(
                new FileStorage(redo),
                new UUID(1, 1),
                exports,
                jobs,
                Clock.systemUTC(),
                System::nanoTime,
                UUID::randomUUID);
    }
}
