package io.catena.agent.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.Job;
import io.catena.api.SrId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who waits for a job is told of its end by the threads that are given for that, and by no others. */
@Timeout(30)
class JobWaitsTest {
    private static final Duration LONG = Duration.ofHours(1);
    private static final int MANY = 2000;

    private final List<Consumer<Job>> listeners = new ArrayList<>();
    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private final JobWaits waits = new JobWaits((job, listener) -> listeners.add(listener), this::submit, MANY);
    private int told;

    private void submit(Runnable task) {
        synchronized (tasks) {
            tasks.add(task);
            tasks.notifyAll();
        }
    }

    private void runAll(int expected) throws InterruptedException {
        for (int i = 0; i < expected; i++) {
            Runnable task;
            synchronized (tasks) {
                while (tasks.isEmpty()) {
                    tasks.wait();
                }
                task = tasks.remove();
            }
            task.run();
        }
    }

    private boolean await(long job, Duration atMost) {
        return waits.await(job, atMost, () -> told++);
    }

    private static Job ended(long id) {
        Instant now = Instant.EPOCH;
        return new Job(id, "gc", new SrId(UUID.randomUUID()), Job.State.DONE, "", 0, 0, 0, now, now, "", null);
    }

    @Test
    void anEndTellsThoseOfThatJobAlone() throws InterruptedException {
        await(1, LONG);
        await(1, LONG);
        await(2, LONG);
        listeners.get(0).accept(ended(1));
        runAll(2);

        assertThat(listeners).as("a listener for each job").hasSize(2);
        assertThat(told).isEqualTo(2);
        assertThat(waits.count()).isEqualTo(1);
        assertThat(tasks).isEmpty();
    }

    @Test
    void thousandsWhoseTimeIsOverAtOnceTakeNoThreadsOfTheirOwn() throws InterruptedException {
        int before = Thread.activeCount();
        for (int i = 0; i < MANY; i++) {
            assertThat(await(1, Duration.ofMillis(20))).isTrue();
        }
        assertThat(await(1, LONG)).as("more than may wait").isFalse();
        synchronized (tasks) {
            while (tasks.size() < MANY) {
                tasks.wait();
            }
        }

        assertThat(Thread.activeCount() - before).isLessThan(10);
        assertThat(told).isZero();
        runAll(MANY);
        assertThat(told).isEqualTo(MANY);
        assertThat(waits.count()).isZero();
        assertThat(await(1, LONG)).isTrue();
        assertThat(listeners).as("the job keeps its listener").hasSize(1);
    }
}
