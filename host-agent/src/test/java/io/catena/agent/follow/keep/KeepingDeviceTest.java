package io.catena.agent.follow.keep;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.disk.ForwardingDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** No answered change is lost when the host that serves the disk dies, at whatever request. */
@Timeout(60)
class KeepingDeviceTest {
    private static final int SECTOR = 512;
    private static final int SECTORS = 32;
    private static final int BYTES = SECTORS * SECTOR;
    private static final long ROOM = 1 << 20;

    private final Semaphore losses = new Semaphore(0);
    private volatile boolean ended;
    private @Nullable Thread mender;

    @AfterEach
    void end() throws InterruptedException {
        endMender();
    }

    private void endMender() throws InterruptedException {
        ended = true;
        losses.release();
        Thread thread = mender;
        if (thread != null) {
            thread.join();
        }
    }

    private KeepingDevice device(long room) {
        return new KeepingDevice(BYTES, false, () -> room, losses::release);
    }

    /** Gives the device another host whenever the last one has died. */
    private void mend(KeepingDevice device, MortalHost host, Random lives) throws IOException {
        device.move(() -> host.begin(1 + life(lives)));
        Thread thread = new Thread(() -> {
            while (!ended) {
                losses.acquireUninterruptibly();
                boolean served = false;
                while (!served && !ended) {
                    try {
                        device.move(() -> host.begin(life(lives)));
                        served = true;
                    } catch (IOException e) {
                        // It died while the kept changes were made again.
                        served = false;
                    }
                }
            }
        });
        thread.start();
        mender = thread;
    }

    /** Most end early, also while changes are made again; some last, so that all come to an end. */
    private static int life(Random lives) {
        return lives.nextInt(4) == 0 ? 200 : lives.nextInt(12);
    }

    private static ByteBuffer sectors(int count, int value) {
        byte[] bytes = new byte[count * SECTOR];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) value;
        }
        return ByteBuffer.wrap(bytes);
    }

    private static int value(KeepingDevice device, int sector) throws IOException {
        ByteBuffer read = ByteBuffer.allocate(SECTOR);
        device.read((long) sector * SECTOR, read);
        byte first = read.get(0);
        for (byte b : read.array()) {
            assertThat(b).isEqualTo(first);
        }
        return first;
    }

    /** Each life has some requests only: it ends at reads, writes, flushes, and while changes are made again. */
    @Test
    void whatWasAnsweredIsReadWhateverHostDiesWhen() throws Exception {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            MortalHost host = new MortalHost(BYTES, new Random(seed * 31L));
            KeepingDevice device = device(seed % 3 == 0 ? 5 * SECTOR : ROOM);
            ended = false;
            mend(device, host, new Random(seed * 17L));
            play(device, random, "seed " + seed);
            endMender();
            losses.drainPermits();
        }
    }

    private static void play(KeepingDevice device, Random random, String seed) throws IOException {
        int[] expected = new int[SECTORS];
        for (int step = 0; step < 60; step++) {
            int sector = random.nextInt(SECTORS - 3);
            int count = 1 + random.nextInt(3);
            switch (random.nextInt(8)) {
                case 0 -> device.flush();
                case 1 -> {
                    device.writeZeroes((long) sector * SECTOR, (long) count * SECTOR, random.nextBoolean());
                    Arrays.fill(expected, sector, sector + count, 0);
                }
                case 2 -> assertThat(value(device, sector)).as(seed).isEqualTo(expected[sector]);
                default -> {
                    int value = 1 + random.nextInt(100);
                    device.write((long) sector * SECTOR, sectors(count, value));
                    Arrays.fill(expected, sector, sector + count, value);
                }
            }
        }
        for (int sector = 0; sector < SECTORS; sector++) {
            assertThat(value(device, sector)).as(seed + ", sector " + sector).isEqualTo(expected[sector]);
        }
    }

    /** Also by several at once, each of whom has sectors of his own. */
    @Test
    void manyWritersLoseNothing() throws Exception {
        MortalHost host = new MortalHost(BYTES, new Random(1));
        KeepingDevice device = device(8 * SECTOR);
        mend(device, host, new Random(2));
        List<CompletableFuture<Void>> writers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int first = i * SECTORS / 4;
            Random random = new Random(i);
            writers.add(CompletableFuture.runAsync(() -> writeAndRead(device, first, random)));
        }
        CompletableFuture.allOf(writers.toArray(CompletableFuture[]::new)).get(50, TimeUnit.SECONDS);
    }

    private static void writeAndRead(KeepingDevice device, int first, Random random) {
        int[] expected = new int[SECTORS / 4];
        try {
            for (int i = 0; i < 500; i++) {
                int at = random.nextInt(expected.length);
                expected[at] = 1 + random.nextInt(100);
                device.write((long) (first + at) * SECTOR, sectors(1, expected[at]));
                if (i % 20 == 0) {
                    device.flush();
                }
                int seen = random.nextInt(expected.length);
                assertThat(value(device, first + seen)).isEqualTo(expected[seen]);
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What is answered while a flush is under way is not covered by it. */
    @Test
    void aFlushCoversOnlyWhatWasAnsweredBefore() throws Exception {
        CountDownLatch flushing = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        MortalHost host = new MortalHost(BYTES, new Random(3));
        AtomicReference<byte[]> flushed = new AtomicReference<>();
        MortalHost.Disk first = host.begin(1000);
        KeepingDevice device = device(ROOM);
        device.move(() -> new SlowFlush(first, host, flushed, flushing, goOn));
        device.write(0, sectors(1, 1));
        CompletableFuture<Void> flush = CompletableFuture.runAsync(() -> {
            try {
                device.flush();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        flushing.await();
        device.write(SECTOR, sectors(1, 2));
        goOn.countDown();
        flush.get(20, TimeUnit.SECONDS);
        MortalHost next = new MortalHost(BYTES, new Random(4));
        device.move(() -> new Restarted(next.begin(1000), requireNonNull(flushed.get())));
        assertThat(value(device, 0)).isEqualTo(1);
        assertThat(value(device, 1)).isEqualTo(2);
    }

    /** A disk whose flushes take long but for the first, and cover what was there when they began. */
    private static final class SlowFlush extends ForwardingDevice implements ServedDisk {
        private final MortalHost.Disk disk;
        private final MortalHost host;
        private final AtomicReference<byte[]> flushed;
        private final CountDownLatch flushing;
        private final CountDownLatch goOn;
        private boolean isServed;

        SlowFlush(
                MortalHost.Disk disk,
                MortalHost host,
                AtomicReference<byte[]> flushed,
                CountDownLatch flushing,
                CountDownLatch goOn) {
            super(disk);
            this.disk = disk;
            this.host = host;
            this.flushed = flushed;
            this.flushing = flushing;
            this.goOn = goOn;
        }

        @Override
        public void flush() throws IOException {
            disk.flush();
            if (!isServed) {
                isServed = true;
                return;
            }
            flushed.set(host.platter());
            flushing.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }

        @Override
        public void close() {
            disk.close();
        }
    }

    /** A disk that begins with what was on the platter. */
    private static final class Restarted extends ForwardingDevice implements ServedDisk {
        private final MortalHost.Disk disk;

        Restarted(MortalHost.Disk disk, byte[] platter) throws IOException {
            super(disk);
            this.disk = disk;
            disk.write(0, ByteBuffer.wrap(platter));
        }

        @Override
        public void close() {
            disk.close();
        }
    }

    /** An answer that comes when the disk has moved on is none: the change would be in neither place. */
    @Test
    void anAnswerFromWhereTheDiskIsNotServedAnyMoreDoesNotCount() throws Exception {
        CountDownLatch written = new CountDownLatch(1);
        CountDownLatch answer = new CountDownLatch(1);
        MortalHost old = new MortalHost(BYTES, new Random(5));
        MortalHost next = new MortalHost(BYTES, new Random(6));
        KeepingDevice device = device(ROOM);
        device.move(() -> new LateAnswer(old.begin(1000), written, answer));
        CompletableFuture<Void> write = CompletableFuture.runAsync(() -> {
            try {
                device.write(0, sectors(1, 9));
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        written.await();
        device.move(() -> next.begin(1000));
        answer.countDown();
        write.get(20, TimeUnit.SECONDS);
        assertThat(value(device, 0)).isEqualTo(9);
    }

    /** A disk that is slow to answer writes. */
    private static final class LateAnswer extends ForwardingDevice implements ServedDisk {
        private final CountDownLatch written;
        private final CountDownLatch answer;

        LateAnswer(MortalHost.Disk disk, CountDownLatch written, CountDownLatch answer) {
            super(disk);
            this.written = written;
            this.answer = answer;
        }

        @Override
        public void write(long offset, ByteBuffer source) throws IOException {
            super.write(offset, source);
            written.countDown();
            try {
                answer.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }

        @Override
        public void close() {
            answer.getCount();
        }
    }

    /** Its own disk keeps what it answers; it is not kept twice. */
    @Test
    void thisHostsOwnDiskGoesOnWithWhatWasKept() throws IOException {
        MortalHost host = new MortalHost(BYTES, new Random(7));
        KeepingDevice device = device(ROOM);
        device.move(() -> host.begin(3));
        device.write(0, sectors(1, 3));
        device.write(SECTOR, sectors(1, 4));
        MortalHost.Disk own = new MortalHost(BYTES, new Random(8)).begin(1000);
        device.move(() -> new ForwardingDevice(own) {});
        assertThat(value(device, 0)).isEqualTo(3);
        assertThat(value(device, 1)).isEqualTo(4);
        device.write(0, sectors(1, 5));
        device.flush();
        assertThat(value(device, 0)).isEqualTo(5);
    }

    @Test
    void requestsWaitWhileNobodyServesTheDiskAndFailWhenItIsTaken() throws Exception {
        MortalHost host = new MortalHost(BYTES, new Random(9));
        KeepingDevice device = device(ROOM);
        device.move(() -> host.begin(1));
        CompletableFuture<Void> write = CompletableFuture.runAsync(() -> {
            try {
                device.write(0, sectors(1, 1));
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        losses.acquire();
        assertThat(device.isServed()).isFalse();
        assertThatThrownBy(device::flushHere).isInstanceOf(IOException.class);
        assertThat(write).isNotDone();
        device.fail("taken");
        assertThat(write).failsWithin(Duration.ofSeconds(20));
        assertThatThrownBy(() -> device.read(0, ByteBuffer.allocate(SECTOR))).hasMessageContaining("taken");
    }

    /** A process of this host before it may have been answered what it has not kept; and what is kept is not made twice. */
    @Test
    void aDiskIsFlushedBeforeItIsServedAgain() throws IOException {
        MortalHost host = new MortalHost(BYTES, new Random(10));
        MortalHost.Disk disk = host.begin(1000);
        disk.write(0, sectors(1, 7));
        KeepingDevice device = device(ROOM);
        device.move(() -> disk);
        assertThat(host.platter()[0]).isEqualTo((byte) 7);
        device.write(SECTOR, sectors(1, 8));
        MortalHost.Disk next = new MortalHost(BYTES, new Random(11)).begin(1000);
        device.move(() -> next);
        MortalHost.Disk last = new MortalHost(BYTES, new Random(12)).begin(1);
        device.move(() -> last);
        assertThat(device.isServed()).isTrue();
    }
}
