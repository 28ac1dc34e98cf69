package io.catena.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class StampTest {
    @Test
    void aChangeOfAnyPartIsAChange() {
        Storage.Stamp stamp = new Storage.Stamp("file 1", 2, 3, 4);
        assertThat(stamp)
                .isEqualTo(new Storage.Stamp("file 1", 2, 3, 4))
                .hasSameHashCodeAs(new Storage.Stamp("file 1", 2, 3, 4))
                .isNotEqualTo(new Storage.Stamp("file 9", 2, 3, 4))
                .isNotEqualTo(new Storage.Stamp("file 1", 9, 3, 4))
                .isNotEqualTo(new Storage.Stamp("file 1", 2, 9, 4))
                .isNotEqualTo(new Storage.Stamp("file 1", 2, 3, 9))
                .isNotEqualTo(null);
    }
}
