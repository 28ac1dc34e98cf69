package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.harness.explore.Call;
import io.catena.harness.explore.CallSite;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A place of the disk fails for as long as it takes, when an operation is bound to happen already. */
class HalfWayTest {
    private static final VdiId DISK = new VdiId(new UUID(5, 0));
    private static final VdiId OTHER = new VdiId(new UUID(5, 1));
    private static final long GROWN_BYTES = 768L << 20;

    private SimulatedSr sr;
    private String failing = "";

    @BeforeEach
    void begin() throws IOException {
        sr = new SimulatedSr(new Machine(1), 1, this::fail);
        sr.create(DISK);
        sr.attach(DISK);
        sr.work(DISK);
    }

    @AfterEach
    void end() throws IOException {
        sr.close();
    }

    private boolean fail(Call call) throws IOException {
        if (!failing.isEmpty() && CallSite.isInside(failing)) {
            throw new IOException("Input/output error");
        }
        return true;
    }

    @Test
    void aSnapshotThatCannotBeCompletedHoldsUpAllChangesUntilItCan() throws IOException {
        failing = "Snapshot.complete";
        assertThatThrownBy(() -> sr.repository().snapshot(List.of(DISK), "snapshot"))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("will be completed");
        assertThatThrownBy(() -> sr.create(OTHER))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("nothing else is changed before");
        sr.work(DISK);
        sr.flush(DISK);
        sr.checkContents(Fault.KILL);

        failing = "";
        sr.create(OTHER);

        VdiId snapshot = sr.strays().get(0).vdi();
        assertThat(sr.repository().vdi(snapshot).snapshotOf()).isEqualTo(DISK);
        sr.repository().destroy(snapshot);
        sr.checkContents(Fault.KILL);
        sr.checkWorkGoesOn(false);
    }

    @Test
    void aSnapshotThatCannotBeCompletedIsCompletedAtTheNextAttach() throws IOException {
        failing = "Snapshot.complete";
        assertThatThrownBy(() -> sr.repository().snapshot(List.of(DISK), "snapshot"))
                .isInstanceOf(SrException.class);
        sr.work(DISK);

        failing = "";
        sr.machine.killAtCall(1);
        assertThatThrownBy(() -> sr.work(DISK)).isInstanceOf(IOException.class);
        sr.machine.restorePower();
        sr.restart(false);

        assertThat(sr.strays()).hasSize(1);
        sr.repository().destroy(sr.strays().get(0).vdi());
        sr.checkContents(Fault.KILL);
        sr.checkWorkGoesOn(false);
    }

    @Test
    void aDiskWhoseGrowthCannotBeCompletedSaysSoUntilItIsAttachedAgain() throws IOException {
        failing = "Rewrite.apply";
        assertThatThrownBy(() -> sr.repository().resize(DISK, GROWN_BYTES)).isInstanceOf(SrException.class);
        assertThatThrownBy(() -> sr.work(DISK)).hasMessageContaining("detach the disk and attach it again");

        failing = "";
        sr.detach(DISK);
        sr.attach(DISK);

        assertThat(sr.repository().vdi(DISK).virtualSizeBytes()).isEqualTo(GROWN_BYTES);
        sr.checkContents(Fault.KILL);
        sr.checkWorkGoesOn(false);
    }
}
