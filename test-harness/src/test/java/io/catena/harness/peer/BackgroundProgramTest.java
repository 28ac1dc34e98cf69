package io.catena.harness.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class BackgroundProgramTest {
    private static final Duration DEADLINE = Duration.ofSeconds(30);

    @Test
    void waitsForALineAndEndsWithTheScope() throws Exception {
        BackgroundProgram program = BackgroundProgram.start("sh", "-c", "echo up; exec cat");
        try (program) {
            assertThat(program.awaitLine("up"::equals, DEADLINE)).isEqualTo("up");
            assertThat(program.isAlive()).isTrue();
        }
        assertThat(program.isAlive()).isFalse();
    }

    @Test
    void doesNotWaitForALineThatCanNoLongerCome() throws Exception {
        try (BackgroundProgram program = BackgroundProgram.start("sh", "-c", "echo broken >&2; exit 7")) {
            assertThatThrownBy(() -> program.awaitLine("up"::equals, DEADLINE))
                    .isInstanceOf(IOException.class)
                    .hasMessageContainingAll("ended without", "broken");
        }
    }

    @Test
    void stopsWaitingAtTheDeadline() throws Exception {
        try (BackgroundProgram program = BackgroundProgram.start("sh", "-c", "echo slow; exec cat")) {
            assertThatThrownBy(() -> program.awaitLine("up"::equals, Duration.ofMillis(200)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("not the line waited for");
        }
    }

    @Test
    void killsWhatDoesNotEndWhenAsked() throws Exception {
        try (BackgroundProgram program =
                BackgroundProgram.start("sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done")) {
            program.awaitLine("deaf"::equals, DEADLINE);
            assertThatThrownBy(() -> program.terminate(Duration.ofMillis(300)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("after SIGTERM, killed");
            assertThat(program.isAlive()).isFalse();
        }
    }
}
