package io.catena.sr.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.SrError;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ErrorsTest {
    /** The JDK, as the system, tells by words alone what kind of failure it was. */
    @ParameterizedTest
    @CsvSource({"File too large, VDI_SIZE", "No space left on device, SR_NO_SPACE", "Input/output error, IO_ERROR"})
    void whatTheFileSystemSaysIsToldByItsOwnCode(String said, SrError error) {
        assertThat(Errors.of("create VDI x", new IOException("x.raw: cannot write 1 bytes at byte 5: " + said))
                        .error())
                .isEqualTo(error);
    }

    @Test
    void whatSaysNothingIsNamed() {
        assertThat(Errors.of("scan", new IOException())).hasMessage("scan: IOException");
    }
}
