package io.catena.log;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LogLineTest {
    @Test
    void plainWordsAreNotQuoted() {
        assertThat(LogLine.of("sr-attached", "sr", "main", "nodes", 12))
                .isEqualTo("event=sr-attached sr=main nodes=12");
    }

    @Test
    void whatIsMissingIsToldAsNull() {
        assertThat(LogLine.of("job-ended", "error", null)).isEqualTo("event=job-ended error=null");
    }

    @Test
    void aValueCannotBeginAnotherLine() {
        String line = LogLine.of("vdi-created", "name", "x\nevent=sr-lost\rsr=main\u0085");

        assertThat(line).isEqualTo("event=vdi-created name=\"x\\nevent=sr-lost\\u000dsr=main\\u0085\"");
        assertThat(line.lines()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a b | \"a b\"",
                "a\"b | \"a\\\"b\"",
                "a\\b | \"a\\\\b\"",
                "a=b | \"a=b\"",
                "é | \"é\"",
                "'' | \"\""
            })
    void aValueCannotLeaveItsQuotes(String value, String written) {
        assertThat(LogLine.of("e", "key", value)).isEqualTo("event=e key=" + written);
    }
}
