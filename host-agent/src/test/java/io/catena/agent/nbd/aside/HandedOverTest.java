package io.catena.agent.nbd.aside;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class HandedOverTest {
    private final Deque<Runnable> started = new ArrayDeque<>();
    private final CopyingClients copying = new CopyingClients(3);
    private final HandedOver requests = new HandedOver(started::add, copying);

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
        HandedOver none = new HandedOver(
                task -> {
                    throw new RejectedExecutionException();
                },
                copying);
        assertThat(none.start(() -> {})).isFalse();
        assertThat(none.areUnderWay()).isFalse();
        none.awaitAll();
    }

    @Test
    void aFewCopiesAtATimeAreBetterHandedOver() {
        for (int i = 0; i < 4; i++) {
            assertThat(requests.isBetterForCopy()).isTrue();
            requests.start(() -> {});
        }
        assertThat(requests.isBetterForCopy()).isFalse();
        started.remove().run();
        assertThat(requests.isBetterForCopy()).isTrue();
    }

    @Test
    void noneIsWhileTheProcessorsHaveEnoughToDoWithOtherClients() {
        HandedOver other = new HandedOver(started::add, copying);
        assertThat(requests.isBetterForCopy()).isTrue();
        assertThat(requests.isBetterForCopy()).isTrue();
        assertThat(other.isBetterForCopy()).isFalse();
        assertThat(requests.isBetterForCopy()).isFalse();
        requests.pause();
        requests.pause();
        assertThat(other.isBetterForCopy()).isTrue();
        assertThat(requests.isBetterForCopy()).isFalse();
        other.pause();
        assertThat(requests.isBetterForCopy()).isTrue();
    }
}
