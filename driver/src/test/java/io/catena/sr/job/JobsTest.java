package io.catena.sr.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.Job;
import io.catena.api.JobControl;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.remedy.Advice;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class JobsTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final SrId SR = new SrId(new UUID(1, 1));
    private static final SrId OTHER = new SrId(new UUID(2, 2));

    private final SteppedClock clock = new SteppedClock();
    private final Jobs jobs = new Jobs(clock, 1);
    private final CountDownLatch release = new CountDownLatch(1);

    @AfterEach
    void close() {
        release.countDown();
        jobs.close();
    }

    @Test
    void reportsProgressRateAndResult() throws InterruptedException {
        CountDownLatch halfDone = new CountDownLatch(1);
        Job started = jobs.start("gc", SR, control -> {
            control.phase("merging");
            control.addTotal(4000);
            clock.step(Duration.ofSeconds(2));
            control.done(1000);
            halfDone.countDown();
            awaitRelease();
            control.done(3000);
            return "merged 2 nodes";
        });
        assertThat(started.state()).isEqualTo(Job.State.RUNNING);
        assertThat(halfDone.await(20, TimeUnit.SECONDS)).isTrue();
        Job half = jobs.job(started.id());
        assertThat(half.phase()).isEqualTo("merging");
        assertThat(half.doneBytes()).isEqualTo(1000);
        assertThat(half.totalBytes()).isEqualTo(4000);
        assertThat(half.bytesPerSecond()).isEqualTo(500);
        assertThat(half.ended()).isNull();

        release.countDown();
        Job end = jobs.waitFor(started.id(), LONG);
        assertThat(end.state()).isEqualTo(Job.State.DONE);
        assertThat(end.result()).isEqualTo("merged 2 nodes");
        assertThat(end.doneBytes()).isEqualTo(4000);
        assertThat(end.ended()).isEqualTo(Instant.EPOCH.plusSeconds(2));
    }

    @Test
    void failureKeepsCodeMessageAndCorrection() {
        Job job = jobs.start("gc", SR, control -> {
            throw new SrException(SrError.SR_NO_SPACE, "3 GiB are missing").correction("Make room.");
        });
        assertThat(jobs.waitFor(job.id(), LONG).failure())
                .isEqualTo(new Job.Failure(SrError.SR_NO_SPACE, "3 GiB are missing", Advice.of("Make room.")));
    }

    @Test
    void ioErrorsAndBugsFailTheJobAndNotTheWorker() {
        Job io = jobs.start("gc", SR, control -> {
            throw new IOException("a.vhd at byte 512: Input/output error");
        });
        Job bug = jobs.start("gc", SR, control -> {
            throw new IllegalStateException("no such block");
        });
        Job after = jobs.start("gc", SR, control -> "fine");
        assertThat(failureOf(io).error()).isEqualTo(SrError.IO_ERROR);
        assertThat(failureOf(io).message()).contains("a.vhd at byte 512");
        assertThat(failureOf(bug).error()).isEqualTo(SrError.INTERNAL);
        assertThat(jobs.waitFor(after.id(), LONG).result()).isEqualTo("fine");
    }

    @Test
    void cancelStopsWorkAtItsNextSafePointWithoutInterrupt() throws InterruptedException {
        CountDownLatch running = new CountDownLatch(1);
        AtomicBoolean interrupted = new AtomicBoolean();
        Job job = jobs.start("gc", SR, control -> {
            running.countDown();
            awaitRelease();
            interrupted.set(Thread.currentThread().isInterrupted());
            control.checkCancelled();
            return "not reached";
        });
        assertThat(running.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(jobs.cancel(job.id()).state()).isEqualTo(Job.State.RUNNING);
        release.countDown();
        Job end = jobs.waitFor(job.id(), LONG);
        assertThat(end.state()).isEqualTo(Job.State.CANCELLED);
        assertThat(end.failure()).isNull();
        assertThat(interrupted).isFalse();
    }

    @Test
    void cancelledBeforeItsTurnItNeverRuns() {
        AtomicBoolean ran = new AtomicBoolean();
        Job first = jobs.start("gc", SR, control -> awaitRelease());
        Job second = jobs.start("gc", SR, control -> {
            ran.set(true);
            return "ran";
        });
        assertThat(second.phase()).isEqualTo("waiting");
        assertThat(jobs.cancel(second.id()).state()).isEqualTo(Job.State.CANCELLED);
        release.countDown();
        jobs.waitFor(first.id(), LONG);
        jobs.close();
        assertThat(ran).isFalse();
    }

    @Test
    void cancelAllEndsTheJobsOfOneSrOnly() {
        Jobs two = new Jobs(clock, 2);
        Job mine = two.start("gc", SR, control -> cancellable(control));
        Job theirs = two.start("gc", OTHER, control -> awaitRelease());
        two.cancelAll(SR, LONG);
        assertThat(two.job(mine.id()).state()).isEqualTo(Job.State.CANCELLED);
        assertThat(two.job(theirs.id()).state()).isEqualTo(Job.State.RUNNING);
        release.countDown();
        two.close();
    }

    @Test
    void cancelAllNamesTheJobThatDoesNotStop() {
        Job stubborn = jobs.start("gc", SR, control -> awaitRelease());
        assertThat(jobs.waitFor(stubborn.id(), Duration.ZERO).state()).isEqualTo(Job.State.RUNNING);
        awaitPhase(stubborn.id(), "running");
        assertThatThrownBy(() -> jobs.cancelAll(SR, Duration.ofMillis(20)))
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.SR_IN_USE))
                .hasMessageContaining("Job " + stubborn.id());
    }

    @Test
    void onlyTheLastHundredEndedJobsAreRemembered() {
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < Jobs.HISTORY + 5; i++) {
            Job job = jobs.start("gc", SR, control -> "done");
            jobs.waitFor(job.id(), LONG);
            ids.add(job.id());
        }
        assertThat(jobs.jobs()).extracting(Job::id).isEqualTo(ids.subList(5, ids.size()));
        assertThatThrownBy(() -> jobs.job(ids.get(0)))
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.BAD_REQUEST));
    }

    @Test
    void tooMuchWaitingWorkIsRefusedAndLeavesNoTrace() {
        Job running = jobs.start("gc", SR, control -> awaitRelease());
        awaitPhase(running.id(), "running");
        for (int i = 0; i < Jobs.WAITING; i++) {
            jobs.start("gc", SR, control -> "done");
        }
        assertThatThrownBy(() -> jobs.start("gc", SR, control -> "one too many"))
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.TRY_AGAIN));
        assertThat(jobs.jobs()).hasSize(1 + Jobs.WAITING);
    }

    @Test
    void noWorkIsTakenAfterClose() {
        jobs.close();
        assertThatThrownBy(() -> jobs.start("gc", SR, control -> "late"))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("stopping");
    }

    private Job.Failure failureOf(Job job) {
        return Objects.requireNonNull(jobs.waitFor(job.id(), LONG).failure());
    }

    private void awaitPhase(long id, String phase) {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (!jobs.job(id).phase().equals(phase)) {
            assertThat(System.nanoTime()).as("job never got to " + phase).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private static String cancellable(JobControl control) {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (System.nanoTime() < deadline) {
            control.checkCancelled();
            Thread.onSpinWait();
        }
        return "was not cancelled";
    }

    private String awaitRelease() throws IOException {
        try {
            if (!release.await(20, TimeUnit.SECONDS)) {
                throw new IOException("was not released");
            }
            return "released";
        } catch (InterruptedException e) {
            throw new IOException("interrupted", e);
        }
    }

    /** A clock that stands still until it is moved. */
    private static final class SteppedClock extends Clock {
        private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);

        void step(Duration by) {
            now.updateAndGet(instant -> instant.plus(by));
        }

        @Override
        public Instant instant() {
            return Objects.requireNonNull(now.get());
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException("one zone is enough here");
        }
    }
}
