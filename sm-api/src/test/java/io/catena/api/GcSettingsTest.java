package io.catena.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.LocalTime;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class GcSettingsTest {
    @ParameterizedTest
    @CsvSource({
        "22:00-06:00, 21:59, false",
        "22:00-06:00, 22:00, true",
        "22:00-06:00, 00:00, true",
        "22:00-06:00, 06:00, false",
        "01:30-02:00, 01:30, true",
        "01:30-02:00, 02:00, false",
        "01:30-02:00, 23:00, false"
    })
    void aWindowOpensAtItsFirstTimeAndEndsBeforeItsSecond(String window, LocalTime time, boolean open) {
        assertThat(GcSettings.DEFAULT.with(window(window)).isOpenAt(time)).isEqualTo(open);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "22:00", "22:00-", "22:00-24:00", "22:00-06:00-07:00", "10pm-6am", "22:00-22:00"})
    void aWindowThatCannotBeIsRefusedWithWhatWasExpected(String window) {
        assertThatThrownBy(() -> GcSettings.DEFAULT.with(window(window)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"" + window + "\"")
                .hasMessageContaining("22:00-06:00");
    }

    @Test
    void aWindowIsTakenAwayByAWord() {
        GcSettings nightly = GcSettings.DEFAULT.with(window("22:00-06:00"));

        assertThat(nightly.with(window(GcChange.ALWAYS))).isEqualTo(GcSettings.DEFAULT);
    }

    @Test
    void whatAChangeDoesNotNameStays() {
        GcSettings slow = GcSettings.DEFAULT.with(new GcChange(null, null, false, 3, 1L << 20, null, 0, null));

        assertThat(slow).isEqualTo(new GcSettings(true, true, false, false, 3, 1 << 20, 64 << 20, 0, null));
        assertThat(slow.withPaused(true).with(window(null)).paused()).isTrue();
    }

    @Test
    void numbersThatCannotBeAreRefused() {
        assertThatThrownBy(() -> GcSettings.DEFAULT.with(
                        new GcChange(null, null, null, GcSettings.MOST_WORKERS + 1, null, null, null, null)))
                .hasMessage("workers is 17, expected 1 to 16");
        assertThatThrownBy(() -> GcSettings.DEFAULT.with(new GcChange(null, null, null, null, -1L, null, null, null)))
                .hasMessage("bytesPerSecond is -1, expected 0 or more");
    }

    @Test
    void anAdoptedSrIsNotWorkedOnUnasked() {
        assertThat(GcSettings.OF_ADOPTED.gc()).isFalse();
    }

    private static GcChange window(@Nullable String window) {
        return new GcChange(null, null, null, null, null, null, null, window);
    }
}
