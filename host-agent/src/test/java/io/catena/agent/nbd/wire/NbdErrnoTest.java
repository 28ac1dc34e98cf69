package io.catena.agent.nbd.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.Test;

class NbdErrnoTest {
    @Test
    void aFullDiskIsToldApartFromOtherFailures() {
        assertThat(NbdErrno.of(new IOException("No space left on device"))).isEqualTo(NbdErrno.ENOSPC);
        assertThat(NbdErrno.of(new IOException("Input/output error"))).isEqualTo(NbdErrno.EIO);
        assertThat(NbdErrno.of(new IllegalStateException("defect"))).isEqualTo(NbdErrno.EIO);
    }

    @Test
    void theCauseOfAFailureCounts() {
        IOException full = new IOException("No space left on device");

        assertThat(NbdErrno.of(new IOException("leaf.vhd at byte 4096", full))).isEqualTo(NbdErrno.ENOSPC);
        assertThat(NbdErrno.of(new UncheckedIOException(full))).isEqualTo(NbdErrno.ENOSPC);
    }

    @Test
    void numbersAreThoseOfTheProtocol() {
        assertThat(NbdErrno.values()).extracting(NbdErrno::number).containsExactly(0, 1, 5, 12, 22, 28, 95);
    }
}
