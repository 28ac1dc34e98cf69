package io.catena.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.lease.BootClock;
import java.io.IOException;
import java.time.Duration;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;

/** Who is slow is waited for, up to a deadline; who will never let this host in is not. */
class FirstAnswerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(45);

    private final FirstAnswer answer = new FirstAnswer(new SleepClock(), PATIENCE);
    private long nanos;
    private int asked;

    /** Time passes while somebody sleeps, or waits for an answer. */
    private final class SleepClock implements BootClock {
        @Override
        public long nanos() {
            return nanos;
        }

        @Override
        public void sleep(long pause) {
            nanos += pause;
        }
    }

    private SrException silent(IOException cause) {
        asked++;
        nanos += Duration.ofSeconds(5).toNanos();
        return new SrException(SrError.TRY_AGAIN, "held by host b, which does not answer", cause)
                .correction("Try again in some seconds.");
    }

    @Test
    void whoIsSlowIsWaitedFor() throws IOException {
        assertThat(answer.<String>of(() -> {
                    if (asked < 6) {
                        throw silent(new IOException("timed out"));
                    }
                    return "here";
                }))
                .isEqualTo("here");
        assertThat(asked).isEqualTo(6);
    }

    @Test
    void whoDoesNotAnswerIsNamedAndForHowLongItWasWaitedFor() {
        assertThatThrownBy(() -> answer.of(() -> {
                    throw silent(new IOException("timed out"));
                }))
                .isInstanceOfSatisfying(SrException.class, e -> {
                    assertThat(e.error()).isEqualTo(SrError.TRY_AGAIN);
                    assertThat(e).hasMessageContaining("host b, which does not answer; this host has waited 49 s");
                    assertThat(String.valueOf(e.advice())).contains("Try again");
                });
        assertThat(asked).isEqualTo(9);
    }

    @Test
    void whatDoesNotGetBetterIsToldAtOnce() {
        assertThatThrownBy(() -> answer.of(() -> {
                    throw silent(new IOException("x", new SSLHandshakeException("unknown certificate")));
                }))
                .hasMessageContaining("does not answer");
        assertThatThrownBy(() -> answer.of(() -> {
                    asked++;
                    throw new SrException(SrError.SR_UNAVAILABLE, "it refuses this host");
                }))
                .hasMessageContaining("refuses");
        assertThat(asked).isEqualTo(2);
    }
}
