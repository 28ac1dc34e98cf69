package io.catena.agent.host;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrException;
import org.junit.jupiter.api.Test;

final class OpenFileReserveTest {
    @Test
    void whoComesLastIsRefusedBeforeTheLastDescriptorIsGone() {
        assertThatCode(() -> new OpenFileReserve(() -> 1024, () -> 768).check()).doesNotThrowAnyException();
        assertThatThrownBy(() -> new OpenFileReserve(() -> 1024, () -> 769).check())
                .isInstanceOf(SrException.class)
                .hasMessageContaining("769 of at most 1024");
        assertThatCode(() -> new OpenFileReserve(() -> 1 << 20, () -> 1 << 19).check())
                .doesNotThrowAnyException();
        assertThatCode(OpenFileReserve.ofProcess()::check).doesNotThrowAnyException();
    }
}
