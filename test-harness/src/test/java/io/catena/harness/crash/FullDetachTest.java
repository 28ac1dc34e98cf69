package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Machine;
import io.catena.harness.sim.SimulatedStorage;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** On a full file system an operation happens or does not, and leaves nothing behind. */
class FullDetachTest {
    private static final VdiId DISK = new VdiId(new UUID(5, 0));
    private static final VdiId OTHER = new VdiId(new UUID(5, 1));
    private static final long ROOM = 64 << 20;

    private final Machine machine = new Machine(12);
    private final SimulatedStorage disk = machine.disk("sr");
    private final SimulatedSr sr = new SimulatedSr(machine, 12, call -> true);

    @BeforeEach
    void write() throws IOException {
        sr.create(OTHER);
        sr.create(DISK);
        sr.attach(DISK);
        sr.overwrite(DISK);
    }

    @Test
    void aDiskWhoseLastWritesHaveNoRoomStaysAttachedUntilTheyHave() throws IOException {
        disk.fullAfter(0);
        refused(() -> sr.repository().detach(DISK));
        assertThat(sr.repository().holds()).hasSize(1);
        assertThat(sr.isAttached(DISK)).isTrue();
        sr.checkContents(Fault.KILL);

        disk.fullAfter(ROOM);
        sr.detach(DISK);
        assertThat(sr.repository().holds()).isEmpty();
        sr.checkContents(Fault.KILL);
        sr.checkShape();
    }

    @Test
    void aSnapshotThatHasNoRoomLeavesNothing() throws IOException {
        sr.flush(DISK);
        boolean isDone = false;
        int failures = 0;
        for (long room = 0; !isDone; room += 512) {
            disk.fullAfter(room);
            try {
                sr.repository().snapshot(List.of(OTHER, DISK), "snapshot");
                isDone = true;
            } catch (SrException e) {
                assertThat(e.error()).isEqualTo(SrError.SR_NO_SPACE);
                assertThat(disk.list(".catena/tmp"))
                        .as("with room for %s bytes", room)
                        .isEmpty();
                failures++;
            }
        }
        assertThat(failures).isGreaterThan(10);
    }

    private static void refused(Runnable work) {
        assertThatThrownBy(work::run)
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.SR_NO_SPACE));
    }
}
