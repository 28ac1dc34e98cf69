package io.catena.sr.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LooksTest {
    /** Else whoever asks for two things of a disk that hangs would wait twice as long. */
    @Test
    void severalQuestionsAreAskedAtOnce() throws Exception {
        try (Looks looks = new Looks()) {
            CountDownLatch asked = new CountDownLatch(2);
            CountDownLatch bothAsked = new CountDownLatch(2);
            Runnable meetTheOther = () -> {
                asked.countDown();
                if (reached(asked)) {
                    bothAsked.countDown();
                }
            };
            looks.ask(List.of(meetTheOther, meetTheOther), Duration.ofSeconds(50));
            assertTrue(reached(bothAsked));
        }
    }

    @Test
    void whoLooksGoesOnWhileTheDiskHangs() throws Exception {
        try (Looks looks = new Looks()) {
            CountDownLatch diskAnswers = new CountDownLatch(1);
            CountDownLatch told = new CountDownLatch(1);
            looks.ask(() -> {
                if (reached(diskAnswers)) {
                    told.countDown();
                }
            });
            assertEquals(1, told.getCount());
            diskAnswers.countDown();
            assertTrue(reached(told));
        }
    }

    @Test
    void inlineAsksOneAfterAnotherOnTheCallersThread() {
        List<String> order = new ArrayList<>();
        Looks.INLINE.ask(() -> order.add("first"), () -> order.add("second"));
        assertEquals(List.of("first", "second"), order);
    }

    private static boolean reached(CountDownLatch latch) {
        try {
            return latch.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
