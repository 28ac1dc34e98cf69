package io.catena.agent.mount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ProgramsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static Programs.Result sh(Duration limit, String script) throws IOException {
        return Programs.real().run(limit, List.of("sh", "-c", script));
    }

    @Test
    void bothOutputsAndTheStatusAreTold() throws IOException {
        assertThat(sh(PATIENCE, "echo one; echo two >&2; exit 3")).isEqualTo(new Programs.Result(3, "one\ntwo"));
    }

    /** The list of a server's exports is as long as the server likes, and this process has other things to remember. */
    @Test
    void ofAnEndlessOutputOnlyTheBeginningIsReadWhateverItsBytes() throws IOException {
        Programs.Result result = sh(PATIENCE, "head -c 5000000 /dev/zero | tr '\\0' '\\377'");

        assertThat(result.exitCode()).isZero();
        assertThat(result.output()).hasSize(Programs.MOST_BYTES);
    }

    @Test
    void whatDoesNotEndIsGivenUp() {
        assertThatThrownBy(() -> sh(Duration.ofMillis(50), "exec sleep 60")).hasMessageContaining("has not ended");
    }
}
