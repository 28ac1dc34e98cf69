package io.catena.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

final class VhdTimeTest {
    @Test
    void countsFromTheYear2000() {
        Instant instant = Instant.parse("2026-11-22T17:15:00Z");
        assertThat(VhdTime.toInstant(0)).isEqualTo("2000-01-01T00:00:00Z");
        assertThat(VhdTime.toInstant(VhdTime.fromEpochSeconds(instant.getEpochSecond())))
                .isEqualTo(instant);
    }

    @Test
    void isUnsigned() {
        assertThat(VhdTime.toInstant(-1)).isEqualTo("2136-02-07T06:28:15Z");
    }

    @Test
    void whatCannotBeExpressedBecomesTheNearest() {
        assertThat(VhdTime.fromEpochSeconds(0)).isZero();
        assertThat(VhdTime.fromEpochSeconds(Long.MAX_VALUE)).isEqualTo(-1);
    }
}
