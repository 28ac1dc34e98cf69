package io.catena.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.UUID;
import org.junit.jupiter.api.Test;

final class IdsTest {
    private static final UUID UUID_OF_BOTH = new UUID(1, 2);

    @Test
    void idsAreEqualIfTheirUuidsAre() {
        assertThat(new VdiId(UUID_OF_BOTH))
                .isEqualTo(new VdiId(new UUID(1, 2)))
                .hasSameHashCodeAs(new VdiId(new UUID(1, 2)))
                .isNotEqualTo(new VdiId(new UUID(1, 3)))
                .isNotEqualTo(null);
        assertThat(new SrId(UUID_OF_BOTH))
                .isEqualTo(new SrId(new UUID(1, 2)))
                .hasSameHashCodeAs(new SrId(new UUID(1, 2)))
                .isNotEqualTo(new SrId(new UUID(1, 3)))
                .isNotEqualTo(null);
    }

    @Test
    void aDiskIsNoSr() {
        assertThat((Object) new VdiId(UUID_OF_BOTH)).isNotEqualTo(new SrId(UUID_OF_BOTH));
    }
}
