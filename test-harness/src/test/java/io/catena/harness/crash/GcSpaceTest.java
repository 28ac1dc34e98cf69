package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.GcChange;
import io.catena.api.GcStatus;
import io.catena.api.Job;
import io.catena.api.SrHealth;
import io.catena.api.VdiId;
import io.catena.harness.explore.Call;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Machine;
import io.catena.harness.sim.SimulatedStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Garbage collection where space is short, a node cannot be read, or it is stopped half-way. */
class GcSpaceTest {
    private static final int MIB = 1 << 20;
    private static final GcChange NO_RESERVE = new GcChange(null, null, null, 1, null, 0L, null, null);

    private final Machine machine = new Machine(1);

    /** So much is written by the guest into sectors of its own. */
    private static void write(SimulatedSr sr, VdiId vdi, int from, int mib, int value) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(mib * MIB);
        while (bytes.hasRemaining()) {
            bytes.put((byte) value);
        }
        sr.device(vdi).write((long) from * MIB, bytes.flip());
        sr.device(vdi).flush();
    }

    @Test
    void onAFullDiskALeafDrainsForItGivesSpaceBackAsItGoes() throws IOException {
        SimulatedSr sr = new SimulatedSr(machine, 1, call -> true);
        sr.repository().garbage().set(NO_RESERVE);
        VdiId vdi = sr.create(new VdiId(new UUID(5, 0)));
        sr.attach(vdi);
        write(sr, vdi, 0, 1, 1);
        VdiId snapshot = sr.snapshot(vdi);
        write(sr, vdi, 2, 2, 2);
        sr.destroy(snapshot);
        machine.disk("sr").fullAfter(3 * MIB);

        Job job = sr.collectGarbage();

        assertThat(job.result()).contains("merged 1").doesNotContain("set aside");
        assertThat(sr.depth(vdi)).isEqualTo(1);
    }

    @Test
    void whatDoesNotFitSaysHowMuchIsMissingAndIsDoneWhenItFits() throws IOException {
        SimulatedSr sr = new SimulatedSr(machine, 1, call -> true);
        sr.repository().garbage().set(NO_RESERVE);
        VdiId vdi = sr.create(new VdiId(new UUID(5, 0)));
        sr.attach(vdi);
        write(sr, vdi, 0, 1, 1);
        VdiId first = sr.snapshot(vdi);
        write(sr, vdi, 2, 2, 2);
        sr.snapshot(vdi);
        write(sr, vdi, 0, 1, 3);
        sr.destroy(first);
        SimulatedStorage disk = machine.disk("sr");
        disk.fullAfter(MIB / 2);

        assertThat(sr.collectGarbage().result()).contains("merged 0").doesNotContain("set aside");
        assertThat(sr.repository().garbage().status().refused())
                .extracting(GcStatus.Refusal::reason)
                .anySatisfy(reason -> assertThat(reason).asString().contains("more are needed"));

        disk.fullAfter(8 * MIB);
        assertThat(sr.collectGarbage().result()).contains("merged 1");
    }

    @Test
    void aNodeThatCannotBeWrittenIsSetAsideAndFortyNineOthersAreMerged() throws IOException {
        VdiId bad = new VdiId(new UUID(7, 0));
        String[] sick = {""};
        SimulatedSr sr = new SimulatedSr(machine, 1, call -> {
            if (call.kind() == Call.Kind.SYNC && call.file().equals(sick[0])) {
                throw new IOException("Input/output error");
            }
            return true;
        });
        List<VdiId> disks = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            VdiId vdi = sr.create(new VdiId(new UUID(7, i)));
            sr.attach(vdi);
            sr.write(vdi);
            VdiId snapshot = sr.snapshot(vdi);
            sr.write(vdi);
            sr.detach(vdi);
            sr.destroy(snapshot);
            disks.add(vdi);
        }
        sick[0] = bad + ".vhd";

        assertThat(sr.collectGarbage().result()).contains("merged 49", "set aside " + bad + ".vhd");
        assertThat(disks.stream().filter(vdi -> sr.depth(vdi) == 1).count()).isEqualTo(49);
        sr.checkContents(Fault.IO_ERROR);
        assertThat(sr.repository().garbage().status().setAside())
                .singleElement()
                .satisfies(failed -> {
                    assertThat(failed.tries()).isEqualTo(1);
                    assertThat(failed.nextTry()).isNotNull();
                });

        assertThat(sr.repository().stat().health().reasons())
                .extracting(SrHealth.Reason::kind)
                .containsExactly(SrHealth.Kind.SET_ASIDE_NODE);

        sick[0] = "";
        assertThat(sr.collectGarbage().result()).contains("merged 1");
        assertThat(sr.repository().stat().health().state()).isEqualTo(SrHealth.State.HEALTHY);
    }

    @Test
    void whatWasCopiedBeforeACancelIsNotCopiedAgain() throws IOException {
        long[] written = {0};
        int[] cancelAt = {Integer.MAX_VALUE};
        SimulatedSr[] made = new SimulatedSr[1];
        SimulatedSr sr = new SimulatedSr(machine, 1, call -> {
            if (call.kind() == Call.Kind.WRITE && call.bytes().remaining() >= MIB / 2) {
                written[0] += call.bytes().remaining();
                if (written[0] >= cancelAt[0]) {
                    cancelAt[0] = Integer.MAX_VALUE;
                    made[0].repository().garbage().cancel();
                }
            }
            return true;
        });
        made[0] = sr;
        VdiId vdi = sr.create(new VdiId(new UUID(5, 0)));
        sr.attach(vdi);
        write(sr, vdi, 0, 4, 1);
        VdiId first = sr.snapshot(vdi);
        write(sr, vdi, 1, 2, 2);
        sr.snapshot(vdi);
        write(sr, vdi, 0, 1, 3);
        sr.destroy(first);
        written[0] = 0;
        cancelAt[0] = 1;

        assertThat(sr.collectGarbage().state()).isEqualTo(Job.State.CANCELLED);
        assertThat(sr.collectGarbage().state()).isEqualTo(Job.State.DONE);
        assertThat(written[0]).as("bytes copied by both runs").isEqualTo(2L * MIB);
        assertThat(sr.depth(vdi)).isEqualTo(2);
    }
}
