package io.catena.sr.gc;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

class GcFailuresTest {
    private Instant now = Instant.parse("2026-01-05T12:00:00Z");
    private final GcFailures failures = new GcFailures(new Clock() {
        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException("the test's time is UTC");
        }

        @Override
        public Instant instant() {
            return now;
        }
    });

    @Test
    void aNodeIsTriedThreeTimesWithLongerAndLongerWaits() {
        failures.failed("a.vhd", "EIO");
        Duration first = Duration.between(now, failures.nextTry().orElseThrow());
        assertThat(failures.refusal("a.vhd"))
                .hasValueSatisfying(text -> assertThat(text).contains("1 of 3", "EIO"));
        now = now.plus(first);
        assertThat(failures.refusal("a.vhd")).isEmpty();

        failures.failed("a.vhd", "EIO");
        Duration second = Duration.between(now, failures.nextTry().orElseThrow());
        assertThat(second).isGreaterThan(first);
        now = now.plus(second);
        failures.failed("a.vhd", "EIO");

        assertThat(failures.nextTry()).isEmpty();
        now = now.plus(Duration.ofDays(30));
        assertThat(failures.refusal("a.vhd")).isPresent();
    }

    @Test
    void othersAreNotConcernedAndSuccessForgets() {
        failures.failed("a.vhd", "EIO");

        assertThat(failures.refusal("b.vhd")).isEmpty();
        failures.succeeded("a.vhd");
        assertThat(failures.refusal("a.vhd")).isEmpty();
        assertThat(failures.all()).isEmpty();
    }
}
