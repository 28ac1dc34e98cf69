package io.catena.agent.nbd.aside;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class HandedOverTest {
    private final Deque<Runnable> started = new ArrayDeque<>();
    private final HandedOver requests = new HandedOver(started::add);

    @Test
    void noMoreThanThirtyTwoAreUnderWay() {
        for (int i = 0; i < 32; i++) {
            assertThat(requests.start(() -> {})).isTrue();
        }
        assertThat(requests.start(() -> {})).isFalse();
        started.remove().run();
        assertThat(requests.start(() -> {})).isTrue();
        assertThat(requests.areUnderWay()).isTrue();
        started.forEach(Runnable::run);
        assertThat(requests.areUnderWay()).isFalse();
    }

    @Test
    void whereThereIsNoThreadTheCallerWorks() {
        HandedOver none = new HandedOver(task -> {
            throw new RejectedExecutionException();
        });
        assertThat(none.start(() -> {})).isFalse();
        assertThat(none.areUnderWay()).isFalse();
        none.awaitAll();
    }
}
