package io.catena.agent.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.api.problem.ApiException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A request with a condition that does not end takes no more threads than its own, and a few. */
@Timeout(60)
class ConditionsTest {
    private static final int MANY = 40;
    private static final int MOST_WAITING = 8;
    private static final String DISK = "/v1/vdis/x";

    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch end = new CountDownLatch(1);

    private Thread hang(Conditions conditions) throws InterruptedException {
        Thread hanging = new Thread(() -> conditions.alone(DISK, () -> {
            begun.countDown();
            await(end);
        }));
        hanging.start();
        begun.await();
        return hanging;
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void mostAreRefusedAtOnceAndAFewHaveTheirTurn() throws InterruptedException {
        Conditions conditions = new Conditions(50_000);
        Thread hanging = hang(conditions);
        AtomicInteger done = new AtomicInteger();
        CountDownLatch refused = new CountDownLatch(MANY - MOST_WAITING);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < MANY; i++) {
            Thread thread = new Thread(() -> {
                try {
                    conditions.alone(DISK, done::incrementAndGet);
                } catch (ApiException e) {
                    refused.countDown();
                }
            });
            thread.start();
            threads.add(thread);
        }

        refused.await();
        end.countDown();
        hanging.join();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(done).hasValue(MOST_WAITING);
    }

    @Test
    void whoWaitsForLongIsToldSo() throws InterruptedException {
        Conditions conditions = new Conditions(1);
        Thread hanging = hang(conditions);

        assertThatThrownBy(() -> conditions.alone(DISK, () -> {}))
                .isInstanceOf(ApiException.class)
                .hasMessageContaining("Another request with a condition on " + DISK);
        end.countDown();
        hanging.join();
    }
}
