package io.catena.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class LiveDiskTest {
    private static final long SOON_MILLIS = 100;
    private static final long PATIENCE_SECONDS = 20;

    private final ExecutorService threads = Executors.newFixedThreadPool(3);

    @AfterEach
    void stop() throws Exception {
        threads.shutdown();
        assertThat(threads.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void piecesOfAnySizeAreReadAndWritten() throws IOException {
        LiveDisk disk = new LiveDisk(ChainTest.chain(new MemoryLayer(16), new MemoryLayer(16).with(3, "BBBB")), false);
        byte[] expected = new byte[16 * 512];
        Arrays.fill(expected, 3 * 512, 7 * 512, (byte) 'B');
        Random random = new Random(3);
        for (int i = 0; i < 500; i++) {
            int offset = random.nextInt(expected.length);
            byte[] piece = new byte[random.nextInt(expected.length - offset) / (1 + random.nextInt(20))];
            random.nextBytes(piece);
            disk.write(offset, ByteBuffer.wrap(piece));
            System.arraycopy(piece, 0, expected, offset, piece.length);
            int from = random.nextInt(expected.length);
            byte[] seen = new byte[random.nextInt(expected.length - from)];
            disk.read(from, ByteBuffer.wrap(seen));
            assertThat(seen).isEqualTo(Arrays.copyOfRange(expected, from, from + seen.length));
        }
    }

    @Test
    void aFencedDiskAnswersNothingNotEvenWhatWasUnderWay() throws IOException {
        Fence fence = new Fence();
        MemoryLayer leaf = new MemoryLayer(16);
        LiveDisk disk = new LiveDisk(ChainTest.chain(leaf), false, ZeroElision.ALLOWED, fence);
        LiveDisk other = new LiveDisk(ChainTest.chain(new MemoryLayer(16)), false, ZeroElision.ALLOWED, fence);
        disk.write(0, ByteBuffer.allocate(512));
        disk.fence("test");
        for (LiveDisk fenced : new LiveDisk[] {disk, other}) {
            assertThatThrownBy(() -> fenced.read(0, ByteBuffer.allocate(512))).hasMessageContaining("not served");
            assertThatThrownBy(() -> fenced.write(0, ByteBuffer.allocate(512))).hasMessageContaining("not served");
            assertThatThrownBy(() -> fenced.write(1, ByteBuffer.allocate(5))).hasMessageContaining("not served");
            assertThatThrownBy(() -> fenced.writeZeroes(0, 512, true)).hasMessageContaining("not served");
            assertThatThrownBy(() -> fenced.discard(0, 512)).hasMessageContaining("not served");
            assertThatThrownBy(fenced::flush).hasMessageContaining("test");
        }
    }

    @Test
    void piecesOfAnySizeAreDiscardedAndZeroedAndTheRestIsAsItWas() throws IOException {
        MemoryLayer leaf = new MemoryLayer(16).with(0, "LLLLLLLLLL");
        leaf.blockBytes = 4 * 512;
        LiveDisk disk = new LiveDisk(ChainTest.chain(leaf, new MemoryLayer(16).with(3, "BBBB")), false);
        byte[] expected = new byte[16 * 512];
        disk.read(0, ByteBuffer.wrap(expected));
        Random random = new Random(4);
        for (int i = 0; i < 500; i++) {
            int from = random.nextInt(expected.length);
            int length = random.nextInt(expected.length - from + 1);
            if (random.nextInt(3) == 0) {
                from = from / 2048 * 2048;
                length = 2048;
            }
            int kind = random.nextInt(4);
            switch (kind) {
                case 0 -> disk.discard(from, length);
                case 1 -> disk.writeZeroes(from, length, random.nextBoolean());
                default -> disk.write(from, ByteBuffer.wrap(filled(length)));
            }
            Arrays.fill(expected, from, from + length, kind < 2 ? 0 : (byte) 'W');
            byte[] seen = new byte[expected.length];
            disk.read(0, ByteBuffer.wrap(seen));
            assertThat(seen).isEqualTo(expected);
        }
    }

    @Test
    void zerosThatAreToBeKeptArePresentInTheLeafWhateverLiesUnderIt() throws IOException {
        MemoryLayer leaf = new MemoryLayer(16).with(0, "LLLLLL");
        leaf.blockBytes = 4 * 512;
        LiveDisk disk = new LiveDisk(ChainTest.chain(leaf, new MemoryLayer(12).with(9, "B")), false, () -> false);
        disk.discard(0, 8 * 512);
        disk.writeZeroes(8 * 512, 7 * 512, true);
        for (int sector = 0; sector < 16; sector++) {
            assertThat(leaf.run(sector * 512L, 512) > 0).as("sector %d", sector).isEqualTo(sector < 15);
        }
        byte[] seen = new byte[16 * 512];
        disk.read(0, ByteBuffer.wrap(seen));
        assertThat(seen).isEqualTo(new byte[16 * 512]);
    }

    private static byte[] filled(int length) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) 'W');
        return bytes;
    }

    @Test
    void extentsOfPartsOfSectorsEndWhereTheyShould() throws IOException {
        LiveDisk disk = new LiveDisk(ChainTest.chain(new MemoryLayer(4).with(1, "L")), false);
        assertThat(disk.extent(0, 2048)).isEqualTo(new Extent(512, false));
        assertThat(disk.extent(100, 1000)).isEqualTo(new Extent(412, false));
        assertThat(disk.extent(600, 1000)).isEqualTo(new Extent(424, true));
        assertThat(disk.extent(600, 10)).isEqualTo(new Extent(10, true));
    }

    @Test
    void whereNoSpaceCanBeGivenBackADiscardDoesNothing() throws IOException {
        LiveDisk disk = new LiveDisk(ChainTest.chain(new MemoryLayer(2).with(0, "LL")), false);
        disk.discard(0, 1024);
        byte[] seen = new byte[1024];
        disk.read(0, ByteBuffer.wrap(seen));
        assertThat(seen).containsOnly('L');
        assertThat(disk.zeroesFast()).isFalse();
    }

    @Test
    void aReadOnlyDiskIsNotWritten() {
        MemoryLayer layer = new MemoryLayer(2).with(0, "LL");
        LiveDisk disk = new LiveDisk(ChainTest.chain(layer), true);
        assertThatThrownBy(() -> disk.write(0, ByteBuffer.allocate(512))).hasMessageContaining("read-only");
        assertThatThrownBy(() -> disk.write(0, ByteBuffer.allocate(1))).hasMessageContaining("read-only");
        assertThatThrownBy(() -> disk.discard(0, 512)).hasMessageContaining("read-only");
        assertThatThrownBy(() -> disk.writeZeroes(0, 512, true)).hasMessageContaining("read-only");
        assertThat(disk.readOnly()).isTrue();
    }

    @Test
    void aPauseWaitsForTheRequestsUnderWay() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        MemoryLayer layer = new MemoryLayer(2);
        layer.beforeRequest = () -> {
            entered.countDown();
            await(leave);
        };
        LiveDisk disk = new LiveDisk(ChainTest.chain(layer), false);
        Future<?> write = threads.submit(() -> write(disk));
        await(entered);
        Future<?> pause = threads.submit(() -> {
            disk.pause().close();
            return null;
        });
        assertThatThrownBy(() -> pause.get(SOON_MILLIS, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
        leave.countDown();
        pause.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        write.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void aPauseGivesUpIfRequestsDoNotEndInTimeAndTheDiskGoesOn() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        MemoryLayer layer = new MemoryLayer(2);
        layer.beforeRequest = () -> {
            entered.countDown();
            await(leave);
        };
        LiveDisk disk = new LiveDisk(ChainTest.chain(layer), false);
        Future<?> write = threads.submit(() -> write(disk));
        await(entered);

        assertThatThrownBy(() -> disk.pause(Duration.ofMillis(SOON_MILLIS)))
                .isInstanceOf(DiskBusyException.class)
                .hasMessageContaining("does its storage hang?");

        assertThat(disk.isPaused()).isFalse();
        leave.countDown();
        write.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        disk.flush();
        write(disk);
    }

    @Test
    void aPauseHoldsBackRequestsWhichThenGoToTheSuccessor() throws Exception {
        MemoryLayer old = new MemoryLayer(2);
        MemoryLayer successor = new MemoryLayer(2);
        LiveDisk disk = new LiveDisk(ChainTest.chain(old), false);
        Future<?> write;
        try (LiveDisk.Pause pause = disk.pause()) {
            write = threads.submit(() -> write(disk));
            Future<?> waiting = write;
            assertThatThrownBy(() -> waiting.get(SOON_MILLIS, TimeUnit.MILLISECONDS))
                    .isInstanceOf(TimeoutException.class);
            pause.replace(ChainTest.chain(successor));
        }
        write.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(old.run(0, 512)).isNegative();
        assertThat(successor.run(0, 512)).isPositive();
        assertThat(disk.chain().leaf().layer()).isSameAs(successor);
    }

    @Test
    void writesToTheTwoHalvesOfASectorDoNotLoseEachOther() throws Exception {
        LiveDisk disk = new LiveDisk(ChainTest.chain(new MemoryLayer(1)), false);
        for (int round = 1; round <= 100; round++) {
            byte letter = (byte) round;
            Future<?> first = threads.submit(() -> write(disk, 0, letter));
            Future<?> second = threads.submit(() -> write(disk, 256, letter));
            first.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            second.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            byte[] seen = new byte[512];
            disk.read(0, ByteBuffer.wrap(seen));
            assertThat(seen).containsOnly(letter);
        }
    }

    private static Void write(LiveDisk disk) throws IOException {
        disk.write(0, ByteBuffer.allocate(512));
        return null;
    }

    private static Void write(LiveDisk disk, long offset, byte letter) throws IOException {
        byte[] half = new byte[256];
        Arrays.fill(half, letter);
        disk.write(offset, ByteBuffer.wrap(half));
        return null;
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("waited too long");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}
