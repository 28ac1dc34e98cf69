package io.catena.agent.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.disk.BlockDevice;
import io.catena.disk.ForwardingDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Writers and the copier of a mirror, step by step in orders that a seed gives, while connections break and the copy's host loses
 * its power. Whatever happens, nobody who writes to the disk gets an error, and in the end both are the same.
 */
@Timeout(300)
class MirrorOrderTest {
    private static final int SIZE_BYTES = 40 * MemoryDisk.PAGE;
    private static final int PART_BYTES = 2 * MemoryDisk.PAGE;
    private static final int WRITERS = 3;
    private static final int CHANGES = 12;
    private static final int SEEDS = Integer.getInteger("catena.mirror.seeds", 25);

    @Test
    void inTheEndBothAreTheSame() throws Exception {
        int broken = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            Run run = new Run(seed);
            run.interleaving.run();
            assertThat(run.mirror.isInSync()).as("seed %d", seed).isTrue();
            assertThat(run.copy.content()).as("seed %d", seed).isEqualTo(run.disk.content());
            run.mirror.flushCopy();
            run.copy.losePower();
            assertThat(run.copy.content()).as("seed %d, after a flush", seed).isEqualTo(run.disk.content());
            broken += run.breaks;
        }
        assertThat(broken).isGreaterThan(SEEDS / 2);
    }

    /** One run. */
    private static final class Run {
        private final Interleaving interleaving;
        private final MemoryDisk disk;
        private final MemoryDisk copy;
        private final MirroredDisk served;
        private final Mirror mirror;
        private final AtomicInteger writing = new AtomicInteger(WRITERS);
        private volatile BreakingDisk connection;
        private int breaks;

        Run(int seed) throws InterruptedException {
            Random random = new Random(seed);
            interleaving = new Interleaving(random);
            disk = new MemoryDisk(SIZE_BYTES, interleaving::point);
            copy = new MemoryDisk(SIZE_BYTES, interleaving::point);
            boolean isNew = random.nextBoolean();
            disk.discards(random.nextBoolean());
            for (int i = 0; i < 6; i++) {
                disk.write(
                        (long) MemoryDisk.PAGE * random.nextInt(40), ByteBuffer.wrap(bytes(MemoryDisk.PAGE, random)));
            }
            if (!isNew) {
                copy.write(0, ByteBuffer.wrap(bytes(SIZE_BYTES, random)));
            }
            served = new MirroredDisk(disk);
            mirror = new Mirror(disk, served.reader(), new Parts(SIZE_BYTES, isNew, PART_BYTES), 3 * PART_BYTES);
            connection = new BreakingDisk(copy);
            connect();
            served.begin(mirror, Duration.ofSeconds(1));
            for (int i = 0; i < WRITERS; i++) {
                long own = random.nextLong();
                interleaving.add(() -> write(new Random(own)));
            }
            long copying = random.nextLong();
            interleaving.add(() -> copy(new Random(copying)));
            long breaking = random.nextLong();
            interleaving.add(() -> breakConnections(new Random(breaking)));
        }

        private static byte[] bytes(int count, Random random) {
            byte[] bytes = new byte[count];
            random.nextBytes(bytes);
            return bytes;
        }

        /** Whatever was on its way before is over then. */
        private void connect() {
            connection.awaitEnd();
            BreakingDisk now = new BreakingDisk(copy);
            connection = now;
            mirror.connected(new Link(now, now::fail));
        }

        private void write(Random random) throws IOException {
            for (int i = 0; i < CHANGES; i++) {
                int offset = 512 * random.nextInt(SIZE_BYTES / 512);
                int length = Math.min(SIZE_BYTES - offset, 512 * (1 + random.nextInt(48)));
                switch (random.nextInt(6)) {
                    case 0 -> served.writeZeroes(offset, length, random.nextBoolean());
                    case 1 -> served.discard(offset, length);
                    case 2 -> served.flush();
                    default -> served.write(offset, ByteBuffer.wrap(bytes(length, random)));
                }
                interleaving.point();
            }
            writing.decrementAndGet();
        }

        private void copy(Random random) throws IOException {
            while (writing.get() > 0 || !isComplete()) {
                if (mirror.link() == null) {
                    connect();
                } else if (mirror.copySome() == 0 && random.nextInt(4) == 0) {
                    mirror.flushCopy();
                }
                interleaving.point();
            }
        }

        /** That a connection is broken shows when it is used. */
        private boolean isComplete() {
            mirror.flushCopy();
            return mirror.isInSync();
        }

        private void breakConnections(Random random) {
            while (writing.get() > 0) {
                if (random.nextInt(12) == 0) {
                    connection.fail();
                    breaks++;
                    if (random.nextBoolean()) {
                        copy.losePower();
                    }
                }
                interleaving.point();
            }
        }
    }

    /** A connection. What is under way when it fails may arrive, but nobody is told. */
    private static final class BreakingDisk extends ForwardingDevice {
        private final ReentrantReadWriteLock underWay = new ReentrantReadWriteLock();
        private volatile boolean failed;

        BreakingDisk(BlockDevice disk) {
            super(disk);
        }

        void fail() {
            failed = true;
        }

        void awaitEnd() {
            fail();
            underWay.writeLock().lock();
            try {
                failed = true;
            } finally {
                underWay.writeLock().unlock();
            }
        }

        private interface Request {
            void run() throws IOException;
        }

        private void ask(Request request) throws IOException {
            underWay.readLock().lock();
            try {
                check();
                request.run();
                check();
            } finally {
                underWay.readLock().unlock();
            }
        }

        private void check() throws IOException {
            if (failed) {
                throw new IOException("the connection is broken");
            }
        }

        @Override
        public void write(long offset, ByteBuffer source) throws IOException {
            ask(() -> super.write(offset, source));
        }

        @Override
        public void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) throws IOException {
            ask(() -> super.writeZeroes(offset, lengthBytes, mayDeallocate));
        }

        @Override
        public void flush() throws IOException {
            ask(super::flush);
        }
    }
}
