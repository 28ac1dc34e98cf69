package io.catena.agent.mount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

final class PatienceTest {
    private final CountDownLatch server = new CountDownLatch(1);

    private String hang() throws InterruptedException {
        server.await();
        return "late";
    }

    @Test
    void aCallThatHangsIsLeftBehindAndOnlySoManyAre() throws Exception {
        Patience patience = new Patience(2, Duration.ofMillis(50));
        assertThat(patience.call("filer", () -> "answer")).isEqualTo("answer");
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> patience.call("filer", this::hang))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("filer does not answer");
        }
        assertThatThrownBy(() -> patience.call("filer", () -> "answer")).hasMessageContaining("Too many calls");
        server.countDown();
        assertThat(whenThereIsRoom(patience)).isEqualTo("answer");
    }

    /** The threads that were left behind end by themselves. */
    private static String whenThereIsRoom(Patience patience) throws InterruptedException {
        while (true) {
            try {
                return patience.call("filer", () -> "answer");
            } catch (IOException e) {
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void aFailureIsTheCallers() {
        Patience patience = new Patience(1, Duration.ofSeconds(10));
        assertThatThrownBy(() -> patience.call("filer", () -> {
                    throw new IOException("stale");
                }))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("stale");
    }
}
