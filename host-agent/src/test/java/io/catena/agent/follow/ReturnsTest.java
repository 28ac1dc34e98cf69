package io.catena.agent.follow;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.VdiId;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who wants the content of a disk waits for the changes of its follower, but not for ever. */
@Timeout(60)
class ReturnsTest {
    private static final VdiId A = new VdiId(new UUID(1, 1));
    private static final VdiId B = new VdiId(new UUID(1, 2));

    private final AtomicLong nanos = new AtomicLong(7);
    private final Returns returns = new Returns(nanos::get);

    @Test
    void nobodyWaitsForADiskThatIsComplete() {
        returns.expect(A);
        returns.await(List.of(B));
        returns.returned(A);
        returns.await(List.of(A, B));
        assertThat(returns.isExpected(A)).isFalse();
    }

    @Test
    void aDiskIsWaitedForUntilItIsBack() throws Exception {
        returns.expect(A);
        CompletableFuture<Void> waiting = CompletableFuture.runAsync(() -> returns.await(List.of(B, A)));
        nanos.addAndGet(Returns.PATIENCE_NANOS - 1);
        assertThat(returns.isExpected(A)).isTrue();
        assertThat(waiting).isNotDone();
        returns.returned(A);
        waiting.get(20, TimeUnit.SECONDS);
    }

    @Test
    void notForEver() throws Exception {
        returns.expect(A);
        CompletableFuture<Void> waiting = CompletableFuture.runAsync(() -> returns.await(List.of(A)));
        nanos.addAndGet(Returns.PATIENCE_NANOS);
        waiting.get(20, TimeUnit.SECONDS);
    }

    @Test
    void whatNobodyHasAnyMoreIsNotWaitedFor() {
        returns.expect(A);
        returns.expect(B);
        returns.retain(Set.of(B));
        assertThat(returns.isExpected(A)).isFalse();
        assertThat(returns.isExpected(B)).isTrue();
    }
}
