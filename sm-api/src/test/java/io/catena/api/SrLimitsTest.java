package io.catena.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrLimits.Change;
import io.catena.api.SrLimits.Quota;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SrLimitsTest {
    private static final Quota SMALL = new Quota(1 << 30, 2, 5);

    @Test
    void whatAChangeDoesNotNameStays() {
        SrLimits first = SrLimits.NONE.with(new Change(150, 1L << 30, null, Map.of("web", SMALL)));
        SrLimits second = first.with(new Change(null, null, 7, Map.of("db", SMALL)));

        assertThat(second).isEqualTo(new SrLimits(150, 1L << 30, 7, Map.of("web", SMALL, "db", SMALL)));
    }

    @Test
    void aQuotaWithoutLimitsIsNone() {
        SrLimits limits = SrLimits.NONE.with(new Change(null, null, null, Map.of("web", SMALL)));

        assertThat(limits.with(new Change(null, null, null, Map.of("web", Quota.NONE))))
                .isEqualTo(SrLimits.NONE);
    }

    @Test
    void negativeLimitsAreRefused() {
        assertThatThrownBy(() -> SrLimits.NONE.with(new Change(-1, null, null, Map.of())))
                .isInstanceOf(SrException.class);
        assertThatThrownBy(() -> SrLimits.NONE.with(new Change(null, null, null, Map.of("web", new Quota(0, -1, 0)))))
                .isInstanceOf(SrException.class);
    }
}
