package io.catena.agent.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.mockito.Mockito;

/** Who waits for the gate while an SR is detached, and for whom the detach waits. */
@Timeout(20)
class SrGateTest {
    private final List<String> done = new ArrayList<>();
    private SrGate gate = gate();

    private static SrGate gate() {
        AttachedSr sr = Mockito.mock(AttachedSr.class);
        Mockito.when(sr.id()).thenReturn(new SrId(new UUID(1, 1)));
        Mockito.when(sr.name()).thenReturn("main");
        return new SrGate(sr);
    }

    @BeforeEach
    void fresh() {
        gate = gate();
    }

    /** A copy asks for its disk at this moment: each would wait for the other. */
    @Test
    void aJobThatComesToTheGateWhileADetachWaitsForItIsRefused() throws IOException {
        gate.end(sr -> done.add("check"), sr -> assertRefused(SrError.TRY_AGAIN), sr -> done.add("end"));

        assertThat(done).containsExactly("check", "end");
        assertRefused(SrError.SR_UNAVAILABLE);
        gate.end(sr -> done.add("again"), sr -> {}, sr -> {});
        assertThat(done).hasSize(2);
    }

    @Test
    void aDetachThatDidNotComeToItsEndLeavesTheSrOpen() throws IOException {
        SrException busy = new SrException(SrError.SR_IN_USE, "a job does not stop");

        assertThatThrownBy(() -> gate.end(
                        sr -> {},
                        sr -> {
                            throw busy;
                        },
                        sr -> done.add("end")))
                .isSameAs(busy);
        assertThat(used().join()).isEqualTo("used");
        gate.end(sr -> {}, sr -> {}, sr -> done.add("end"));
        assertThat(done).containsExactly("end");
    }

    private void assertRefused(SrError error) {
        assertThatThrownBy(() -> used().orTimeout(10, TimeUnit.SECONDS).join())
                .isInstanceOf(CompletionException.class)
                .cause()
                .asInstanceOf(type(SrException.class))
                .extracting(SrException::error)
                .isEqualTo(error);
    }

    private CompletableFuture<String> used() {
        return CompletableFuture.supplyAsync(() -> gate.use(repository -> "used"));
    }
}
