package io.catena.disk;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.management.ClassLoadingMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class ChainSwitchTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(100);
    private static final int DISKS = 4;
    private static final int ROUNDS = 300;

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void stop() throws Exception {
        threads.shutdown();
        assertThat(threads.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .isTrue();
    }

    /** A disk whose storage hangs, which is cut together with one that works. */
    @Test
    void aRequestUnderWayHoldsUpNobodyAndEndsWhereItBegan() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        MemoryLayer slow = new MemoryLayer(2);
        slow.beforeRequest = () -> {
            entered.countDown();
            await(leave);
        };
        LiveDisk hanging = new LiveDisk(ChainTest.chain(slow), false);
        LiveDisk working = new LiveDisk(ChainTest.chain(new MemoryLayer(2)), false);
        Future<?> write = threads.submit(() -> write(hanging, 0, (byte) 'o'));
        await(entered);
        MemoryLayer fresh = new MemoryLayer(2);
        MemoryLayer other = new MemoryLayer(2);

        List<ChainSwitch> switches = all(List.of(
                new ChainSwitch.Change(hanging, over(fresh, slow)),
                new ChainSwitch.Change(working, ChainTest.chain(other))));

        assertThatThrownBy(() -> hanging.pause(SHORT)).isInstanceOf(DiskBusyException.class);
        Future<?> half = threads.submit(() -> {
            hanging.write(0, ByteBuffer.allocate(256));
            return null;
        });
        assertThatThrownBy(() -> half.get(SHORT.toMillis(), TimeUnit.MILLISECONDS))
                .as("it would lose what the other half is about to get")
                .isInstanceOf(TimeoutException.class);
        write(hanging, 512, (byte) 'n');
        write(working, 0, (byte) 'n');
        assertThat(fresh.run(512, 512)).isPositive();
        assertThat(other.run(0, 512)).isPositive();
        assertThatThrownBy(() -> switches.get(0).awaitRequestsBefore(SHORT)).isInstanceOf(DiskBusyException.class);
        switches.get(1).awaitRequestsBefore(SHORT);
        leave.countDown();
        write.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        switches.get(0).awaitRequestsBefore(PATIENCE);
        assertThat(slow.run(0, 512)).isPositive();
        half.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        byte[] sector = read(hanging, 0);
        assertThat(Arrays.copyOf(sector, 256)).containsOnly(0);
        assertThat(Arrays.copyOfRange(sector, 256, 512)).containsOnly('o');
    }

    @Test
    void aFlushUnderWayIsWaitedForByWhoAsksForThat() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        MemoryLayer slow = new MemoryLayer(2);
        slow.beforeFlush = () -> {
            entered.countDown();
            await(leave);
        };
        LiveDisk disk = new LiveDisk(ChainTest.chain(slow), false);
        Future<?> flush = threads.submit(() -> {
            disk.flush();
            return null;
        });
        await(entered);

        ChainSwitch cut = one(disk, ChainTest.chain(new MemoryLayer(2)));

        cut.awaitRequestsBefore(PATIENCE);
        assertThatThrownBy(() -> cut.awaitAllBefore(SHORT)).isInstanceOf(DiskBusyException.class);
        leave.countDown();
        cut.awaitAllBefore(PATIENCE);
        flush.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(slow.flushes).isEqualTo(1);
    }

    @Test
    void whatIsWrittenToTheBaseCopyAfterTheSwitchIsSeen() throws Exception {
        MemoryLayer base = new MemoryLayer(2);
        Chain chain = over(new MemoryLayer(2), base);
        LiveDisk disk = new LiveDisk(ChainTest.chain(base), false);
        one(disk, chain);
        assertThat(read(disk, 0)).containsOnly(0);

        base.write(0, sector((byte) 'l'));

        assertThat(read(disk, 0)).containsOnly('l');
        chain.settle();
        assertThat(read(disk, 0)).containsOnly('l');
    }

    @Test
    void aDiskThatIsPausedCanBeSwitched() throws Exception {
        MemoryLayer successor = new MemoryLayer(2);
        LiveDisk disk = new LiveDisk(ChainTest.chain(new MemoryLayer(2)), false);
        Future<?> write;
        try (LiveDisk.Pause pause = disk.pause()) {
            write = threads.submit(() -> write(disk, 0, (byte) 'n'));
            one(disk, ChainTest.chain(successor)).awaitRequestsBefore(SHORT);
            assertThat(pause.chain()).isNotSameAs(disk.chain());
        }
        write.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(successor.run(0, 512)).isPositive();
    }

    /**
     * One writer writes ever larger numbers to one disk after the other, each after the last was answered. Whenever all disks
     * are switched, what the chains before hold must be a beginning of that: if a number is missing, so is every larger one.
     */
    @Test
    void allDisksAreSwitchedAtOneInstant() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            List<MemoryLayer> before = layers();
            List<LiveDisk> disks = new ArrayList<>();
            before.forEach(layer -> disks.add(new LiveDisk(ChainTest.chain(layer), false)));
            AtomicBoolean stopped = new AtomicBoolean();
            AtomicLong written = new AtomicLong();
            Future<?> writer = threads.submit(() -> {
                for (byte number = 1; number < Byte.MAX_VALUE && !stopped.get(); number++) {
                    write(disks.get(number % DISKS), 0, number);
                    written.set(number);
                }
                return null;
            });
            int wanted = round % 40;
            while (written.get() < wanted) {
                Thread.onSpinWait();
            }
            List<ChainSwitch.Change> changes = new ArrayList<>();
            disks.forEach(disk -> changes.add(new ChainSwitch.Change(disk, ChainTest.chain(new MemoryLayer(2)))));
            List<ChainSwitch> switches = all(changes);
            stopped.set(true);
            writer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            for (ChainSwitch each : switches) {
                each.awaitRequestsBefore(PATIENCE);
            }
            checkIsABeginning(before);
        }
    }

    /** Of a process that has not switched a disk yet: to load a class takes longer than the guests are to wait. */
    @Test
    void noClassIsLoadedWhileRequestsWait() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        FirstSwitch.class.getName())
                .redirectErrorStream(true)
                .start();
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(new String(process.getInputStream().readAllBytes(), UTF_8))
                    .isEqualTo("0 classes loaded");
        } finally {
            process.destroyForcibly();
        }
    }

    /** Tells how many classes are loaded when disks are switched for the first time. */
    static final class FirstSwitch {
        private FirstSwitch() {}

        public static void main(String[] arguments) throws IOException {
            LiveDisk disk = new LiveDisk(ChainTest.chain(new MemoryLayer(2)), false);
            LiveDisk other = new LiveDisk(ChainTest.chain(new MemoryLayer(2)), false);
            disk.pause().close();
            Duration patience = PATIENCE;
            List<ChainSwitch> switches = ChainSwitch.prepared(List.of(
                    new ChainSwitch.Change(disk, ChainTest.chain(new MemoryLayer(2))),
                    new ChainSwitch.Change(other, ChainTest.chain(new MemoryLayer(2)))));
            ClassLoadingMXBean classes = ManagementFactory.getClassLoadingMXBean();
            classes.getTotalLoadedClassCount();
            long before = classes.getTotalLoadedClassCount();
            ChainSwitch.together(switches, patience);
            System.out.print(classes.getTotalLoadedClassCount() - before + " classes loaded");
        }
    }

    private static ChainSwitch one(LiveDisk disk, Chain successor) throws IOException {
        return all(List.of(new ChainSwitch.Change(disk, successor))).get(0);
    }

    private static List<ChainSwitch> all(List<ChainSwitch.Change> changes) throws IOException {
        List<ChainSwitch> switches = ChainSwitch.prepared(changes);
        ChainSwitch.together(switches, PATIENCE);
        return switches;
    }

    private static void checkIsABeginning(List<MemoryLayer> layers) throws IOException {
        List<Integer> numbers = new ArrayList<>();
        for (MemoryLayer layer : layers) {
            ByteBuffer sector = ByteBuffer.allocate(512);
            if (layer.run(0, 512) > 0) {
                layer.read(0, sector);
            }
            numbers.add((int) sector.get(0));
        }
        int last = numbers.stream().mapToInt(Integer::intValue).max().orElse(0);
        for (int disk = 0; disk < DISKS; disk++) {
            int expected = last - Math.floorMod(last - disk, DISKS);
            assertThat(numbers.get(disk)).as("disk %s of %s", disk, numbers).isEqualTo(Math.max(0, expected));
        }
    }

    private static List<MemoryLayer> layers() {
        List<MemoryLayer> layers = new ArrayList<>();
        for (int i = 0; i < DISKS; i++) {
            layers.add(new MemoryLayer(2));
        }
        return layers;
    }

    private static Chain over(MemoryLayer leaf, MemoryLayer base) {
        return Chain.overUnsettled(List.of(new Chain.Node("leaf", leaf), new Chain.Node("base", base)));
    }

    private static ByteBuffer sector(byte letter) {
        byte[] bytes = new byte[512];
        Arrays.fill(bytes, letter);
        return ByteBuffer.wrap(bytes);
    }

    private static byte[] read(LiveDisk disk, long offset) throws IOException {
        byte[] bytes = new byte[512];
        disk.read(offset, ByteBuffer.wrap(bytes));
        return bytes;
    }

    private static Void write(LiveDisk disk, long offset, byte letter) throws IOException {
        disk.write(offset, sector(letter));
        return null;
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new IllegalStateException("waited too long");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
