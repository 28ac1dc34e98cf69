package io.catena.sr.live;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.disk.Chain;
import io.catena.disk.ChainSwitch;
import io.catena.disk.DiskBusyException;
import io.catena.disk.LiveDisk;
import io.catena.vhd.Layer;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LeftNodesTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(50);

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HangingLayer layer = new HangingLayer();
    private final Chain chain = new Chain(List.of(new Chain.Node("disk", layer)));
    private final LiveDisk disk = new LiveDisk(chain, false);
    private final LeftNodes left = new LeftNodes();
    private Future<?> read;
    private int closed;

    /** A read is under way, and does not end. */
    @BeforeEach
    void begin() throws InterruptedException {
        read = threads.submit(() -> {
            disk.read(0, ByteBuffer.allocate(512));
            return null;
        });
        assertThat(layer.begun.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    }

    @AfterEach
    void end() throws Exception {
        endRead();
        threads.shutdown();
    }

    private void endRead() throws Exception {
        layer.end.countDown();
        read.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    private List<ChainSwitch> switched() throws DiskBusyException {
        List<ChainSwitch> one = ChainSwitch.prepared(List.of(new ChainSwitch.Change(disk, chain)));
        ChainSwitch.together(one, PATIENCE);
        return one;
    }

    @Test
    void whatARequestMayUseStaysOpenUntilThatHasEnded() throws Exception {
        left.add(switched(), () -> closed++);

        left.closeUnused(SHORT);
        assertThat(closed).isZero();

        endRead();
        left.closeUnused(Duration.ZERO);
        left.closeUnused(PATIENCE);
        assertThat(closed).isEqualTo(1);
    }

    @Test
    void aRequestThatHangsIsWaitedForOnce() throws Exception {
        left.add(switched(), () -> closed++);
        left.closeUnused(SHORT);

        long begin = System.nanoTime();
        left.closeUnused(PATIENCE);

        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(PATIENCE);
        assertThat(closed).isZero();
    }

    @Test
    void whatIsLeftByADiskThatWorksIsClosedThoughAnotherHangs() throws Exception {
        LiveDisk working = new LiveDisk(chain, false);
        left.add(switched(), () -> closed += 100);
        List<ChainSwitch> other = ChainSwitch.prepared(List.of(new ChainSwitch.Change(working, chain)));
        ChainSwitch.together(other, PATIENCE);
        left.add(other, () -> closed++);

        left.closeUnused(SHORT);

        assertThat(closed).isEqualTo(1);
    }

    @Test
    void inTheEndAllIsClosedAndNothingStaysOpenAfterThat() throws Exception {
        left.add(switched(), () -> closed++);
        left.closeAll();
        assertThat(closed).isEqualTo(1);

        left.add(switched(), () -> closed++);
        assertThat(closed).isEqualTo(2);
    }

    /** Reads of it end when they are told to. */
    private static final class HangingLayer implements Layer {
        private final CountDownLatch begun = new CountDownLatch(1);
        private final CountDownLatch end = new CountDownLatch(1);

        @Override
        public long sizeBytes() {
            return 4096;
        }

        @Override
        public long run(long offset, long maxBytes) {
            return maxBytes;
        }

        @Override
        public void read(long offset, ByteBuffer target) {
            begun.countDown();
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            target.position(target.limit());
        }

        @Override
        public void write(long offset, ByteBuffer source) {
            source.position(source.limit());
        }

        @Override
        public void zero(long offset, long lengthBytes) {}

        @Override
        public boolean givesSpaceBack() {
            return false;
        }

        @Override
        public long blockBytes() {
            return 0;
        }

        @Override
        public void giveUp(long offset) {}

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
