package io.catena.agent.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrError;
import io.catena.api.SrException;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Operations on an SR whose server goes away and comes back. */
@Timeout(60)
class RemoteCallsTest {
    private volatile Optional<String> away = Optional.empty();
    private final RemoteCalls calls = new RemoteCalls("pool", () -> away);
    private final CountDownLatch server = new CountDownLatch(1);
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch done = new CountDownLatch(1);

    private String write() {
        begun.countDown();
        try {
            server.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException("an operation is never interrupted", e);
        }
        done.countDown();
        return "done";
    }

    @Test
    void answersAndFailuresAreThoseOfTheOperation() {
        assertThat(calls.call(() -> "done")).isEqualTo("done");
        SrException refusal = new SrException(SrError.VDI_EXISTS, "There is one already");
        assertThatThrownBy(() -> calls.call(() -> {
                    throw refusal;
                }))
                .isSameAs(refusal);
    }

    @Test
    void whoWaitsForAServerThatGoesAwayIsAnsweredAndTheOperationGoesOnWhenItIsBack() throws Exception {
        Thread leaves = new Thread(() -> {
            try {
                begun.await();
                away = Optional.of("it was switched off");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        leaves.start();
        assertThatThrownBy(() -> calls.call(this::write))
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.TRY_AGAIN))
                .hasMessageContaining("it was switched off")
                .hasMessageContaining("is under way");
        leaves.join();
        server.countDown();
        assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void nothingIsBegunWhileItIsAway() {
        away = Optional.of("it was switched off");
        assertThatThrownBy(() -> calls.call(this::write)).hasMessageContaining("Nothing was done");
        assertThat(begun.getCount()).isOne();
        away = Optional.empty();
        server.countDown();
        assertThat(calls.call(this::write)).isEqualTo("done");
    }

    /** Its locks are those of its thread. */
    @Test
    void whatAnOperationCallsIsOnItsOwnThread() {
        Thread[] threads = calls.call(() -> {
            Thread outer = Thread.currentThread();
            return new Thread[] {outer, calls.call(Thread::currentThread)};
        });
        assertThat(threads[1]).isSameAs(threads[0]).isNotSameAs(Thread.currentThread());
    }

    /** A server that comes and goes leaves more behind each time. Some of these callers may meet the looks below. */
    @Test
    void onlySoManyAreLeftBehind() {
        for (int i = 0; i < 80; i++) {
            Thread caller = new Thread(() -> calls.call(this::write));
            caller.setDaemon(true);
            caller.start();
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        String refusal = "";
        while (!refusal.contains("64 operations") && System.nanoTime() < deadline) {
            try {
                refusal = calls.call(() -> "not all have begun yet");
            } catch (SrException e) {
                refusal = e.detail();
            }
        }
        assertThat(refusal).contains("64 operations on SR pool are under way");
        server.countDown();
    }
}
