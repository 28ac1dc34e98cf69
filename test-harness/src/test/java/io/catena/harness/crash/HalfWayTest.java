package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrException;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.harness.explore.Call;
import io.catena.harness.explore.CallSite;
import io.catena.harness.explore.Fault;
import io.catena.harness.model.DiskModel;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A place of the disk fails for as long as it takes, when an operation is bound to happen already. */
class HalfWayTest {
    private static final VdiId DISK = new VdiId(new UUID(5, 0));
    private static final VdiId OTHER = new VdiId(new UUID(5, 1));
    private static final VdiId THIRD = new VdiId(new UUID(5, 2));
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

    @ParameterizedTest
    @ValueSource(strings = {"LiveCut.settle", "Snapshot.name"})
    void aSnapshotWhoseInstantHasComeGoesOnWhenItCan(String step) throws IOException {
        sr.create(OTHER);
        sr.attach(OTHER);
        failing = step;
        assertThatThrownBy(() -> sr.repository().snapshot(List.of(DISK, OTHER), "snapshot"))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("will be completed");
        DiskModel atInstant = sr.model(DISK).copy();
        sr.work(DISK);
        sr.checkContents(Fault.KILL);

        failing = "";
        sr.detach(OTHER);
        sr.create(THIRD);

        List<VdiId> snapshots = sr.strays().stream().map(Vdi::vdi).toList();
        assertThat(snapshots).hasSize(2);
        VdiId snapshot = snapshots.stream()
                .filter(vdi -> DISK.equals(sr.repository().vdi(vdi).snapshotOf()))
                .findFirst()
                .orElseThrow();
        atInstant.check(sr.content(snapshot));
        snapshots.forEach(vdi -> sr.repository().destroy(vdi));
        sr.checkContents(Fault.KILL);
        sr.checkWorkGoesOn(false);
    }

    @ParameterizedTest
    @ValueSource(strings = {"LiveCut.settle", "Snapshot.name"})
    void aSnapshotWhoseInstantHasComeIsCompletedAtTheNextAttach(String step) throws IOException {
        failing = step;
        assertThatThrownBy(() -> sr.repository().snapshot(List.of(DISK), "snapshot"))
                .isInstanceOf(SrException.class);
        DiskModel atInstant = sr.model(DISK).copy();
        sr.work(DISK);

        failing = "";
        sr.machine.killAtCall(1);
        assertThatThrownBy(() -> sr.work(DISK)).isInstanceOf(IOException.class);
        sr.machine.restorePower();
        sr.restart(false);

        assertThat(sr.strays()).hasSize(1);
        atInstant.check(sr.content(sr.strays().get(0).vdi()));
        sr.repository().destroy(sr.strays().get(0).vdi());
        sr.checkContents(Fault.KILL);
        sr.checkWorkGoesOn(false);
    }

    @Test
    void aSnapshotWhoseRecordCannotBeWrittenLeavesNothing() throws IOException {
        failing = "Journal.record";
        assertThatThrownBy(() -> sr.repository().snapshot(List.of(DISK), "snapshot"))
                .isInstanceOf(SrException.class);

        failing = "";
        sr.work(DISK);
        sr.checkShape();
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
