package io.catena.agent.cli.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.cli.text.Size;
import io.catena.api.SrError;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TransferProgressTest {
    private static final long SECOND_NANOS = 1_000_000_000;

    /** Time that the pieces take themselves counts, a tenth of a second of it at most. */
    private static final long CREDIT_NANOS = SECOND_NANOS / 10;

    private final PrintWriter nowhere = new PrintWriter(Writer.nullWriter());
    private final Session session = new Session(nowhere, nowhere, Map.of(), false);
    private final List<Long> rests = new ArrayList<>();

    @Test
    void eachPieceWaitsForItsShareOfTheRate() {
        TransferProgress progress = new TransferProgress(session, Size.parse("1000"), rests::add);
        progress.done(1000, 5000);
        progress.done(3000, 5000);

        // Nobody really waits here, so the second piece is to wait for the first, too.
        assertThat(rests).hasSize(2);
        assertThat(rests.get(0)).isBetween(SECOND_NANOS - CREDIT_NANOS, SECOND_NANOS);
        assertThat(rests.get(1)).isBetween(2 * SECOND_NANOS - CREDIT_NANOS, 3 * SECOND_NANOS);
    }

    @Test
    void whatIsTriedAgainIsToldInOneShortLineEach() {
        StringWriter said = new StringWriter();
        TransferProgress progress =
                new TransferProgress(new Session(nowhere, new PrintWriter(said), Map.of(), false), null, rests::add);
        progress.done(3 << 20, 64 << 20);
        progress.brokeOff(SrError.AGENT_UNREACHABLE.text(), SECOND_NANOS / 2);
        progress.goesOn(2 << 20, 64 << 20);
        progress.brokeOff("The connection was lost", SECOND_NANOS);
        progress.goesOn(0, 64 << 20);

        assertThat(said.toString().lines())
                .containsExactly(
                        "catena: The agent cannot be reached; again in 0.5 s; 3.0 MiB of 64.0 MiB",
                        "catena: Going on from 2.0 MiB of 64.0 MiB",
                        "catena: The connection was lost; again in 1.0 s; 2.0 MiB of 64.0 MiB",
                        "catena: The agent has kept nothing; sending all again");
        assertThat(said.toString().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThan(80));
    }

    @Test
    void aTerminalShowsABarOnOneLineAlsoOfWhatHasNoKnownEnd() {
        StringWriter shown = new StringWriter();
        Session terminal = new Session(nowhere, new PrintWriter(shown), Map.of(), true);
        TransferProgress known = new TransferProgress(terminal, null, rests::add);
        known.done(1 << 20, 2 << 20);
        known.done(2 << 20, 2 << 20);
        known.end();
        assertThat(shown.toString().split("\n", -1)).as("one line, and its end").hasSize(2);
        assertThat(shown.toString())
                .contains("[###############---------------] 1.0 MiB of 2.0 MiB", "2.0 MiB of 2.0 MiB");

        shown.getBuffer().setLength(0);
        TransferProgress unknown = new TransferProgress(terminal, null, rests::add);
        unknown.done(1 << 20, -1);
        unknown.done(2 << 20, -1);
        assertThat(shown.toString()).contains("1.0 MiB").doesNotContain(" of ", "\n");
        unknown.end();
        assertThat(shown.toString()).endsWith("\n");
    }

    @Test
    void withoutARateNothingWaits() {
        new TransferProgress(session, null, rests::add).done(1L << 40, 1L << 40);
        assertThat(rests).isEmpty();
    }
}
