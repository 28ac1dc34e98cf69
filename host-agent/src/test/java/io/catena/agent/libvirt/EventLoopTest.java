package io.catena.agent.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class EventLoopTest {
    @Test
    void theLoopGoesOnAfterAFailure() {
        AtomicInteger runs = new AtomicInteger();
        EventLoop.Loop failing = () -> {
            if (runs.incrementAndGet() == 3) {
                throw new InterruptedException("the end of the test");
            }
            throw new IllegalStateException("a callback failed");
        };

        assertThatThrownBy(() -> EventLoop.runForEver(failing, Duration.ofMillis(1)))
                .isInstanceOf(InterruptedException.class);
        assertThat(runs).hasValue(3);
    }
}
