package io.catena.agent.cli.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

final class SizeTest {
    @ParameterizedTest
    @CsvSource({
        "1, 1",
        "1048576, 1048576",
        "512B, 512",
        "512M, 536870912",
        "512m, 536870912",
        "10G, 10737418240",
        "1.5G, 1610612736",
        "0.5k, 512",
        "1.25TiB, 1374389534720",
        "0.3K, 308",
        "8191.5P, 9222809086901354496",
        "10GiB, 10737418240",
        "10GB, 10737418240",
        "2K, 2048",
        "3T, 3298534883328",
        "1P, 1125899906842624",
        "9223372036854775807, 9223372036854775807"
    })
    void sizesAreReadInPowersOf1024(String text, long bytes) {
        assertThat(Size.parse(text).bytes()).isEqualTo(bytes);
        assertThat(Size.parse(Size.parse(text).toString())).isEqualTo(Size.parse(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", " ", "G", "ten", "-1", "-5G", "1.5", "1.5B", "1.G", ".5G", "1,5G", "10 G", "10X", "10GG", "0x10",
                "1e9", "+1", "10iB", "١"
            })
    void nonsenseIsRefusedQuotingIt(String text) {
        assertThatThrownBy(() -> Size.parse(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("\"" + text + "\" is not a size");
    }

    @ParameterizedTest
    @ValueSource(strings = {"9223372036854775808", "8192P", "9999999999999999999", "9007199254740992K"})
    void whatExceeds64BitsIsRefused(String text) {
        assertThatThrownBy(() -> Size.parse(text)).hasMessageContaining("is more than");
    }

    @Test
    void zeroIsRefused() {
        assertThatThrownBy(() -> new Size.DiskConverter().convert("0G")).hasMessageContaining("above zero");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "1023, 1023 B",
        "1024, 1.0 KiB",
        "1536, 1.5 KiB",
        "1048575, 1.0 MiB",
        "536870912, 512.0 MiB",
        "2190433320960, 2.0 TiB",
        "9223372036854775807, 8192.0 PiB"
    })
    void sizesAreShownInTheUnitThatFits(long bytes, String text) {
        assertThat(Size.format(bytes)).isEqualTo(text);
    }
}
