package io.catena.agent.guest;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.agent.api.problem.Problem;
import io.catena.api.SnapshotResult;
import io.catena.api.Sr;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class TakenSnapshotsTest {
    private static final VdiId DISK = new VdiId(new UUID(1, 1));
    private static final VdiId FIRST = new VdiId(new UUID(2, 1));
    private static final VdiId SECOND = new VdiId(new UUID(2, 2));

    private final TakenSnapshots taken = new TakenSnapshots();

    @Test
    void theProblemOfAnSrThatFailsNamesWhatTheOthersTookWithTheCallsThatRemoveIt() {
        taken.add(sr("one", 1), List.of(result(FIRST), result(SECOND)));
        SrException cause = new SrException(SrError.IO_ERROR, "the disk is broken").correction("Look at the disk.");
        JsonObject problem = JsonParser.parseString(
                        Problem.of(taken.refusedBy(sr("two", 2), cause), "r").text())
                .getAsJsonObject();

        assertThat(problem.get("code").getAsString()).isEqualTo("VDI_SNAPSHOT");
        assertThat(problem.get("retryable").getAsBoolean())
                .as("it would be taken twice")
                .isFalse();
        assertThat(problem.get("detail").getAsString())
                .isEqualTo(
                        "SR two (" + new UUID(0, 2) + ") refused its part: IO_ERROR: the disk is broken; the snapshots"
                                + " that were taken before are " + FIRST + " of disk " + DISK + ", " + SECOND
                                + " of disk " + DISK
                                + " in SR one (" + new UUID(0, 1) + ")");
        assertThat(problem.get("correction").getAsString()).endsWith("and try again after this: Look at the disk.");
        assertThat(problem.getAsJsonArray("remedy"))
                .extracting(call -> call.getAsJsonObject().get("method").getAsString() + " "
                        + call.getAsJsonObject().get("path").getAsString())
                .containsExactly("DELETE /v1/vdis/" + FIRST, "DELETE /v1/vdis/" + SECOND);
    }

    private static Sr sr(String name, int number) {
        return new Sr(new SrId(new UUID(0, number)), name, "/" + name, true);
    }

    private static SnapshotResult result(VdiId snapshot) {
        return new SnapshotResult(snapshot, DISK, 0, null);
    }
}
