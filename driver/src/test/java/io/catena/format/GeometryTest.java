package io.catena.format;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against what libvhd was seen to write. */
final class GeometryTest {
    private static final long MIB = 1 << 20;

    @ParameterizedTest
    @CsvSource({
        "2, 60, 4, 17",
        "16, 481, 4, 17",
        "64, 963, 8, 17",
        "128, 963, 16, 17",
        "504, 1024, 16, 63",
        "1024, 2080, 16, 63",
        "20480, 41610, 16, 63",
        "32768, 16448, 16, 255",
        "130560, 65535, 16, 255",
        "131072, 65535, 16, 255",
        "2088960, 65535, 16, 255"
    })
    void isThatOfLibvhd(long mebibytes, int cylinders, int heads, int sectorsPerTrack) {
        assertThat(Geometry.of(mebibytes * MIB)).isEqualTo(cylinders << 16 | heads << 8 | sectorsPerTrack);
    }

    @ParameterizedTest
    @CsvSource({"0, 0, 4, 17", "512, 0, 4, 17", "33822351359, 65534, 16, 63", "33822351360, 16191, 16, 255"})
    void hasItsStepsWhereTheyShouldBe(long bytes, int cylinders, int heads, int sectorsPerTrack) {
        assertThat(Geometry.of(bytes - bytes % 512)).isEqualTo(cylinders << 16 | heads << 8 | sectorsPerTrack);
    }
}
