package io.catena.agent.libvirt;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Which libvirt and qemu we work with. */
final class VersionsTest {
    @Test
    void whatWeKnowIsTaken() {
        assertThatCode(() -> Versions.check("QEMU", 9_000_000, 7_002_022)).doesNotThrowAnyException();
        assertThatCode(() -> Versions.check("QEMU", 6_000_000, 0)).doesNotThrowAnyException();
    }

    @Test
    void whatIsTooOldOrNoQemuIsRefusedByNameAndVersion() {
        assertThatThrownBy(() -> Versions.check("QEMU", 5_010_002, 7_002_022))
                .hasMessageContaining("libvirt 5.10.2")
                .hasMessageContaining("6.0.0");
        assertThatThrownBy(() -> Versions.check("QEMU", 9_000_000, 3_001_000)).hasMessageContaining("QEMU 3.1.0");
        assertThatThrownBy(() -> Versions.check("LXC", 9_000_000, 0)).hasMessageContaining("LXC");
    }
}
