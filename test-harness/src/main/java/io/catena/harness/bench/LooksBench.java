package io.catena.harness.bench;

import com.google.gson.GsonBuilder;
import io.catena.agent.linux.LinuxFiles;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Hold;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.disk.BlockDevice;
import io.catena.disk.Exporter;
import io.catena.harness.model.DirectExports;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Environment;
import io.catena.sr.job.Jobs;
import io.catena.sr.job.Looks;
import io.catena.sr.job.Timer;
import io.catena.store.BlockFile;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Measures how long looks at an SR take while it works on a slow disk: {@code vdi stat}, {@code sr stat}, {@code vdi ls} and
 * {@code gc status}, each in turn; and how long it takes to attach a disk and detach it again while another is cut, or others are detached.
 */
public final class LooksBench {
    private static final int DEPTH = 50;
    private static final int DISKS = 400;
    private static final long DISK_BYTES = 256L << 20;
    private static final int PIECE_BYTES = 1 << 20;
    private static final long DELAY_MILLIS = 10;
    private static final Duration WARM_UP = Duration.ofSeconds(10);
    private static final Duration MOST = Duration.ofSeconds(20);
    private static final int SNAPSHOTS = 20;
    private static final int WRITTEN = 100;
    private static final String ROW = "%-36s %8s %9s %9s %9s%n";

    private final Path directory;
    private volatile long delayMillis;

    private LooksBench(Path directory) {
        this.directory = directory;
    }

    /** How long looks took. */
    private record Figures(int looks, double medianMillis, double p99Millis, double maxMillis) {
        static Figures of(List<Long> nanos) {
            long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
            return new Figures(
                    sorted.length,
                    sorted[sorted.length / 2] / 1e6,
                    sorted[(int) (sorted.length * 0.99)] / 1e6,
                    sorted[sorted.length - 1] / 1e6);
        }
    }

    /** Runs {@code [--json] [DIRECTORY]}. */
    public static void main(String[] arguments) throws IOException {
        List<String> rest = new ArrayList<>(List.of(arguments));
        boolean json = rest.remove("--json");
        Path parent = Path.of(rest.isEmpty() ? System.getProperty("java.io.tmpdir") : rest.get(0));
        Path directory = Files.createTempDirectory(parent, "catena-bench-looks");
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        try {
            Map<String, Figures> figures = new LooksBench(directory).measure();
            out.print(json ? new GsonBuilder().setPrettyPrinting().create().toJson(figures) + "\n" : table(figures));
        } finally {
            DirectoryTree.delete(directory);
        }
    }

    private static String table(Map<String, Figures> figures) {
        StringBuilder text = new StringBuilder();
        text.append(String.format(Locale.ROOT, ROW, "ms of a look while", "times", "median", "p99", "max"));
        figures.forEach((what, f) -> text.append(String.format(
                Locale.ROOT,
                ROW,
                what,
                f.looks(),
                String.format(Locale.ROOT, "%.3f", f.medianMillis()),
                String.format(Locale.ROOT, "%.3f", f.p99Millis()),
                String.format(Locale.ROOT, "%.3f", f.maxMillis()))));
        return text.toString();
    }

    private Map<String, Figures> measure() throws IOException {
        Path files = Files.createDirectory(directory.resolve("sr"));
        Path redo = Files.createDirectory(directory.resolve("redo"));
        Storage storage = LinuxFiles.storage(files);
        VhdRepository.create(storage, new SrId(UUID.randomUUID()), "sr");
        StallingExports exports = new StallingExports();
        Map<String, Figures> figures = new LinkedHashMap<>();
        try (Jobs jobs = new Jobs(Clock.systemUTC());
                Looks looks = new Looks();
                VhdRepository sr = VhdRepository.attach(
                        slow(storage),
                        files.toString(),
                        new Environment(
                                new FileStorage(redo),
                                new UUID(1, 1),
                                exports,
                                jobs,
                                Clock.systemUTC(),
                                System::nanoTime,
                                UUID::randomUUID,
                                Timer.NEVER,
                                looks))) {
            VdiId deep = deep(sr, exports);
            List<VdiId> disks = new ArrayList<>();
            for (int i = 0; i < DISKS; i++) {
                disks.add(create(sr, "disk" + i));
            }
            looks(sr, deep, new CompletableFuture<>(), WARM_UP);
            figures.put("nothing happens", looks(sr, deep, new CompletableFuture<>(), Duration.ofSeconds(2)));
            figures.put("50 nodes are merged", whileNodesAreMerged(sr, deep, jobs));
            figures.put("400 disks are destroyed", whileDisksAreDestroyed(sr, deep, disks));
            figures.put("a client does not leave", whileAClientDoesNotLeave(sr, deep, exports));
            VdiId other = create(sr, "other");
            figures.put("attach, detach; nothing happens", attaches(sr, other, Duration.ofSeconds(5), run(() -> {})));
            figures.put("attach, detach; another is cut", attachesWhileADiskIsCut(sr, other, deep));
            figures.put("attach, detach; others are detached", attachesWhileOthersAreDetached(sr, other, exports));
        }
        return figures;
    }

    private Figures whileNodesAreMerged(VhdRepository sr, VdiId deep, Jobs jobs) {
        delayMillis = DELAY_MILLIS;
        CompletableFuture<?> merged = run(() -> {
            jobs.waitFor(sr.collectGarbage().id(), Duration.ofMinutes(5));
        });
        return looks(sr, deep, merged, MOST);
    }

    /** Returns when all are destroyed: later figures are of other things. */
    private Figures whileDisksAreDestroyed(VhdRepository sr, VdiId deep, List<VdiId> disks) {
        CompletableFuture<?> destroyed = run(() -> disks.forEach(sr::destroy));
        Figures figures = looks(sr, deep, destroyed, MOST);
        delayMillis = 0;
        destroyed.join();
        return figures;
    }

    private Figures whileAClientDoesNotLeave(VhdRepository sr, VdiId deep, StallingExports exports) {
        delayMillis = DELAY_MILLIS;
        sr.attachAndActivate(deep, Hold.HOST, AccessMode.READ_WRITE);
        exports.stalls = true;
        CompletableFuture<?> detached = run(() -> sr.detach(deep, Hold.HOST));
        Figures figures = looks(sr, deep, detached, Duration.ofSeconds(5));
        exports.leave.countDown();
        detached.join();
        exports.stalls = false;
        return figures;
    }

    private Figures attachesWhileADiskIsCut(VhdRepository sr, VdiId other, VdiId cut) {
        CompletableFuture<?> cuts = run(() -> {
            for (int i = 0; i < SNAPSHOTS; i++) {
                sr.snapshot(List.of(cut), "s");
            }
        });
        Figures figures = attaches(sr, other, MOST, cuts);
        cuts.join();
        delayMillis = 0;
        return figures;
    }

    private Figures attachesWhileOthersAreDetached(VhdRepository sr, VdiId other, StallingExports exports)
            throws IOException {
        List<VdiId> written = written(sr, exports);
        delayMillis = DELAY_MILLIS;
        CompletableFuture<?> left = run(() -> written.forEach(vdi -> sr.detach(vdi, Hold.HOST)));
        Figures figures = attaches(sr, other, MOST, left);
        left.join();
        delayMillis = 0;
        return figures;
    }

    /** Makes a disk at the end of a chain of base copies that can all be merged. */
    private static VdiId deep(VhdRepository sr, StallingExports exports) throws IOException {
        VdiId disk = create(sr, "deep");
        sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
        for (int level = 0; level < DEPTH; level++) {
            exports.device(disk)
                    .write(
                            (long) level * PIECE_BYTES,
                            ByteBuffer.allocate(PIECE_BYTES).put(0, (byte) 1));
            sr.destroy(sr.snapshot(List.of(disk), "s").get(0).vdi());
        }
        sr.detach(disk, Hold.HOST);
        return disk;
    }

    /** Makes disks that are attached and were written. */
    private static List<VdiId> written(VhdRepository sr, StallingExports exports) throws IOException {
        List<VdiId> disks = new ArrayList<>();
        for (int i = 0; i < WRITTEN; i++) {
            VdiId disk = create(sr, "written" + i);
            sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
            exports.device(disk).write(0, ByteBuffer.allocate(PIECE_BYTES));
            disks.add(disk);
        }
        return disks;
    }

    private static VdiId create(VhdRepository sr, String name) {
        return sr.create(new VdiSpec(DISK_BYTES, name, "", null, false)).vdi();
    }

    private static CompletableFuture<?> run(Runnable work) {
        return CompletableFuture.runAsync(work, task -> new Thread(task, "work").start());
    }

    /** Looks again and again until some work has ended, but not for ever. */
    private static Figures looks(VhdRepository sr, VdiId vdi, CompletableFuture<?> work, Duration most) {
        List<Runnable> kinds = List.of(
                () -> sr.vdi(vdi), sr::stat, sr::vdis, () -> sr.garbage().status());
        return times(kinds, 100, most, work);
    }

    /** Attaches and detaches a disk again and again until some work has ended, but not for ever. */
    private static Figures attaches(VhdRepository sr, VdiId vdi, Duration most, CompletableFuture<?> work) {
        Runnable both = () -> {
            sr.attachAndActivate(vdi, Hold.HOST, AccessMode.READ_WRITE);
            sr.detach(vdi, Hold.HOST);
        };
        return times(List.of(both), 20, most, work);
    }

    private static Figures times(List<Runnable> kinds, int atLeast, Duration most, CompletableFuture<?> work) {
        kinds.forEach(Runnable::run);
        List<Long> nanos = new ArrayList<>();
        long deadline = System.nanoTime() + most.toNanos();
        for (int i = 0; (!work.isDone() && System.nanoTime() < deadline) || i < atLeast; i++) {
            long start = System.nanoTime();
            kinds.get(i % kinds.size()).run();
            nanos.add(System.nanoTime() - start);
        }
        return Figures.of(nanos);
    }

    /** Each call to the storage takes a while, if that is wanted, and each sync of a file. */
    private Storage slow(Storage storage) {
        return slow(Storage.class, storage);
    }

    private <T> T slow(Class<T> type, T real) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, new Slow(real)));
    }

    /** Stands before a storage or one of its files. */
    private final class Slow implements InvocationHandler {
        private final Object real;

        Slow(Object real) {
            this.real = real;
        }

        @Override
        public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] given) throws Throwable {
            if (delayMillis > 0 && (real instanceof Storage || method.getName().equals("sync"))) {
                TimeUnit.MILLISECONDS.sleep(delayMillis);
            }
            Object[] arguments = given == null ? new Object[0] : given;
            try {
                Object result = method.invoke(
                        real, Stream.of(arguments).map(Slow::unwrapped).toArray());
                return result instanceof BlockFile file ? slow(BlockFile.class, file) : result;
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }

        /** Files share extents only with those that they know. */
        private static Object unwrapped(Object argument) {
            return Proxy.isProxyClass(argument.getClass()) && Proxy.getInvocationHandler(argument) instanceof Slow slow
                    ? slow.real
                    : argument;
        }
    }

    /** Serves disks in memory, to clients that do not leave when that is wanted. */
    private static final class StallingExports implements Exporter {
        private final DirectExports exports = new DirectExports();
        private final CountDownLatch leave = new CountDownLatch(1);
        private volatile boolean stalls;

        BlockDevice device(VdiId vdi) {
            return exports.device(vdi);
        }

        @Override
        public Export announce(VdiId vdi, AccessMode mode) {
            return exports.announce(vdi, mode);
        }

        @Override
        public void conceal(VdiId vdi) {
            exports.conceal(vdi);
        }

        @Override
        public Export publish(VdiId vdi, AccessMode mode, BlockDevice device) throws IOException {
            return exports.publish(vdi, mode, device);
        }

        @Override
        public void withdraw(VdiId vdi) {
            if (stalls) {
                try {
                    leave.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            exports.withdraw(vdi);
        }
    }
}
