package io.catena.agent.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.Job;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.disk.ForwardingDevice;
import io.catena.sr.job.Jobs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How mirrors end, and what who uses the disk notices of that. */
@Timeout(60)
class MirrorRunTest {
    private static final int SIZE_BYTES = 3 << 20;
    private static final Duration PATIENCE = Duration.ofMillis(200);
    private static final Duration END = Duration.ofSeconds(30);
    private static final SrId SR = SrId.parse("506d77e6-8905-4f96-98e9-19931bc804a9");

    private final MemoryDisk disk = new MemoryDisk(SIZE_BYTES, () -> {});
    private final MirroredDisk served = new MirroredDisk(disk);
    private final Copy copy = new Copy();
    private final Jobs jobs = new Jobs(Clock.systemUTC());
    private final Random random = new Random(19);

    @AfterEach
    void close() {
        jobs.close();
    }

    @Test
    void theEndOfTheDisksServiceCompletesACopyThatIsInSync() throws IOException {
        write(0, 1 << 20);
        MirrorRun run = run(true);
        Job job = jobs.startAside("mirror", SR, run);
        await(run::wasInSync);
        write(2 << 20, 4096);
        served.flush();
        served.serviceEnded();

        Job ended = jobs.waitFor(job.id(), END);
        assertThat(ended.state()).isEqualTo(Job.State.DONE);
        assertThat(ended.doneBytes())
                .as("%s", ended)
                .isEqualTo(ended.totalBytes())
                .isGreaterThanOrEqualTo(SIZE_BYTES);
        assertThat(copy.end).isEqualTo("complete");
        assertThat(copy.disk.content()).isEqualTo(disk.content());
    }

    @Test
    void whoUsesTheDiskGoesOnWhenTheCopyHangsAndItGetsAllLater() throws IOException {
        MirrorRun run = run(true);
        Job job = jobs.startAside("mirror", SR, run);
        await(run::wasInSync);
        copy.hanging = true;
        write(0, 4096);
        assertThat(run.state()).isEqualTo(MirrorState.BROKEN);
        assertThat(run.trouble()).contains("did not answer");
        write(1 << 20, 4096);
        assertThat(run.missingBytes()).isEqualTo(2 * (64 << 10));
        copy.hanging = false;
        await(run::isInSync);

        assertThat(copy.disk.content()).isEqualTo(disk.content());
        assertThat(copy.connections.get()).isEqualTo(2);
        jobs.cancel(job.id());
        assertThat(jobs.waitFor(job.id(), END).state()).isEqualTo(Job.State.CANCELLED);
        assertThat(copy.end).isEqualTo("given up");
        write(0, 4096);
        assertThat(copy.disk.content()).isNotEqualTo(disk.content());
    }

    @Test
    void aMirrorThatDoesNotConnectAgainFails() throws IOException {
        MirrorRun run = run(false);
        Job job = jobs.startAside("mirror", SR, run);
        await(run::wasInSync);
        copy.broken = true;
        write(0, 4096);

        assertThat(failure(job)).isEqualTo(SrError.IO_ERROR);
        assertThat(copy.end).isEqualTo("given up");
        write(0, 4096);
    }

    @Test
    void aCopyThatLacksSomethingAtTheEndIsNotComplete() throws IOException {
        MirrorRun run = run(true);
        Job job = jobs.startAside("mirror", SR, run);
        await(run::wasInSync);
        copy.broken = true;
        write(0, 4096);
        served.serviceEnded();

        assertThat(failure(job)).isEqualTo(SrError.IO_ERROR);
        assertThat(copy.end).isEqualTo("given up");
    }

    /** The connection breaks unnoticed, and only the last flush tells. */
    @Test
    void aCopyThatCannotBeMadeDurableIsNotComplete() throws IOException {
        MirrorRun run = run(true);
        Job job = jobs.startAside("mirror", SR, run);
        await(run::wasInSync);
        write(0, 4096);
        copy.broken = true;
        served.serviceEnded();

        assertThat(failure(job)).isEqualTo(SrError.IO_ERROR);
        assertThat(copy.end).isEqualTo("given up");
    }

    @Test
    void aDiskThatGrowsLosesItsMirror() throws IOException {
        MirrorRun run = run(true);
        Job job = jobs.startAside("mirror", SR, run);
        await(run::wasInSync);
        disk.grow(2 * SIZE_BYTES);
        write(SIZE_BYTES, 4096);

        assertThat(failure(job)).isEqualTo(SrError.VDI_SIZE);
    }

    @Test
    void whatADiskShowsWithoutAWriteArrivesToo() throws IOException {
        MirrorRun run = run(true);
        Job job = jobs.startAside("mirror", SR, run);
        await(run::wasInSync);
        disk.write(1 << 20, ByteBuffer.wrap(new byte[] {1, 2, 3}));
        served.contentChanged();
        await(run::isInSync);

        assertThat(copy.disk.content()).isEqualTo(disk.content());
        jobs.cancel(job.id());
    }

    @Test
    void aCopyThatIsTooSmallIsRefused() {
        disk.grow(2 * SIZE_BYTES);
        Job job = jobs.startAside("mirror", SR, run(true));

        assertThat(failure(job)).isEqualTo(SrError.VDI_SIZE);
        assertThat(copy.end).isEqualTo("given up");
    }

    /** What is not ours to write over is not ours to let go of, either. */
    @Test
    void aCopyThatIsNotOursIsLeftAlone() {
        copy.refuses = true;
        Job job = jobs.startAside("mirror", SR, run(true));

        assertThat(failure(job)).isEqualTo(SrError.VDI_EXISTS);
        assertThat(copy.end).isEmpty();
    }

    private MirrorRun run(boolean connectsAgain) {
        return new MirrorRun(served, copy, new MirrorRun.Manner(PATIENCE, connectsAgain, 0));
    }

    private void write(int offset, int count) throws IOException {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        served.write(offset, ByteBuffer.wrap(bytes));
    }

    private SrError failure(Job job) {
        Job ended = jobs.waitFor(job.id(), END);
        assertThat(ended.state()).as("%s", ended).isEqualTo(Job.State.FAILED);
        return ended.failure() == null ? SrError.INTERNAL : ended.failure().error();
    }

    private static void await(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            Thread.onSpinWait();
        }
    }

    /** A copy in memory, over connections that can hang or break. */
    private static final class Copy implements Target {
        private final MemoryDisk disk = new MemoryDisk(SIZE_BYTES, () -> {});
        private volatile boolean hanging;
        private volatile boolean broken;
        private volatile boolean refuses;
        private final AtomicInteger connections = new AtomicInteger();
        private volatile String end = "";

        @Override
        public boolean prepare(long sizeBytes) {
            if (refuses) {
                throw new SrException(SrError.VDI_EXISTS, "another's");
            }
            return true;
        }

        @Override
        public Link connect() throws IOException {
            if (hanging || broken) {
                throw new IOException("nobody listens");
            }
            connections.incrementAndGet();
            CountDownLatch closed = new CountDownLatch(1);
            return new Link(new Connection(closed), closed::countDown);
        }

        @Override
        public void complete() {
            end = "complete";
        }

        @Override
        public void giveUp() {
            end = "given up";
        }

        @Override
        public String text() {
            return "the copy";
        }

        /** One connection. */
        private final class Connection extends ForwardingDevice {
            private final CountDownLatch closed;

            Connection(CountDownLatch closed) {
                super(disk);
                this.closed = closed;
            }

            private void check() throws IOException {
                try {
                    if (hanging) {
                        closed.await();
                    }
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                if (broken || closed.getCount() == 0) {
                    throw new IOException("the connection is broken");
                }
            }

            @Override
            public void write(long offset, ByteBuffer source) throws IOException {
                check();
                super.write(offset, source);
            }

            @Override
            public void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) throws IOException {
                check();
                super.writeZeroes(offset, lengthBytes, mayDeallocate);
            }

            @Override
            public void flush() throws IOException {
                check();
                super.flush();
            }
        }
    }
}
