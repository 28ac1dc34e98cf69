package io.catena.agent.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class SlowReadsTest {
    private static final long MILLISECOND = 1_000_000;

    private final Deque<Runnable> handedOver = new ArrayDeque<>();
    private final SlowReads reads = new SlowReads(handedOver::add);

    @Test
    void oneSlowReadMayBeTheProcessorsFaultTwoAreTheDisks() {
        reads.took(MILLISECOND, 4096);
        assertThat(reads.areToBeExpected()).isFalse();
        reads.took(MILLISECOND, 4096);
        assertThat(reads.areToBeExpected()).isTrue();
    }

    @Test
    void fastReadsAreForgottenAndLetReadsStayWhereTheyAre() {
        for (int i = 0; i < 100; i++) {
            reads.took(MILLISECOND, 4096);
        }
        for (int i = 0; i < 32; i++) {
            reads.took(3000, 4096);
        }
        assertThat(reads.areToBeExpected()).isFalse();
    }

    @Test
    void largeReadsMayTakeLonger() {
        reads.took(MILLISECOND / 2, 1 << 20);
        reads.took(MILLISECOND / 2, 1 << 20);
        assertThat(reads.areToBeExpected()).isFalse();
    }

    @Test
    void noMoreThanThirtyTwoAreUnderWay() {
        for (int i = 0; i < 32; i++) {
            assertThat(reads.start(() -> {})).isTrue();
        }
        assertThat(reads.start(() -> {})).isFalse();
        handedOver.remove().run();
        assertThat(reads.start(() -> {})).isTrue();
        assertThat(reads.areUnderWay()).isTrue();
        handedOver.forEach(Runnable::run);
        assertThat(reads.areUnderWay()).isFalse();
    }

    @Test
    void whereThereIsNoThreadTheCallerReads() {
        SlowReads none = new SlowReads(task -> {
            throw new RejectedExecutionException();
        });
        assertThat(none.start(() -> {})).isFalse();
        assertThat(none.areUnderWay()).isFalse();
        none.awaitAll();
    }
}
