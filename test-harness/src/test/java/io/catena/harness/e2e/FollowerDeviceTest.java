package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.machine.WholeMachine;
import io.catena.harness.peer.NbdCopy;
import io.catena.harness.peer.Programs;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A host that follows has a disk as a block device. */
@Tag("slow")
@WholeMachine
class FollowerDeviceTest extends PoolTest {
    private static final long DISK_BYTES = 8 << 20;

    @Test
    void aBlockDeviceOfAFollowerIsThereAgainAfterAKill() throws Exception {
        String disk = b.agent().createVdi(sr, "disk", DISK_BYTES);
        MountedDisks mounts = new MountedDisks(directory, directory.resolve("b"));
        try {
            Path device = b.agent().attachAsBlock(disk, "rw");
            Programs.run(PATIENCE, "dd", "if=/dev/urandom", "of=" + device, "bs=1M", "count=4", "conv=fsync");
            String before = Digests.sha256(device);
            b.agent().process().kill9();
            b.agent().process().restart();
            assertThat(Digests.sha256(device)).isEqualTo(before);
            Programs.run(PATIENCE, "dd", "if=/dev/urandom", "of=" + device, "bs=1M", "count=2", "oflag=direct");
            String after = Digests.sha256(device);
            assertThat(after).isNotEqualTo(before);
            b.agent().detach(disk);
            assertThat(NbdCopy.sha256(a.agent().attach(disk), PATIENCE)).isEqualTo(after);
        } finally {
            b.agent().process().kill9();
            mounts.close();
        }
    }
}
