package io.catena.harness.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.linux.LinuxFiles;
import io.catena.api.AccessMode;
import io.catena.api.Hold;
import io.catena.api.SrException;
import io.catena.api.SrHealth;
import io.catena.api.Vdi;
import io.catena.api.VdiSpec;
import io.catena.disk.BlockDevice;
import io.catena.harness.tool.BareSr;
import io.catena.sr.Probe;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Jobs;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An agent whose lock was taken away stops, before another writes the same disks; and says so. */
class LostLockTest {
    @TempDir
    private Path directory;

    @TempDir
    private Path redo;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whoLosesTheLockWritesAndAnswersNothingAnyMore(boolean replaced) throws IOException {
        BareSr bare = create();
        try (Jobs jobs = BareSr.jobs()) {
            VhdRepository repository = bare.attach(jobs);
            Vdi disk = repository.create(new VdiSpec(4 << 20, "disk", "", null, false));
            repository.attachAndActivate(disk.vdi(), Hold.HOST, AccessMode.READ_WRITE);
            BlockDevice device = bare.device(disk.vdi());
            device.write(0, ByteBuffer.allocate(4096));
            device.flush();
            Files.delete(directory.resolve(".catena/lock"));
            if (replaced) {
                Files.createFile(directory.resolve(".catena/lock"));
            }
            assertThatThrownBy(() -> repository.snapshot(List.of(disk.vdi()), "s"))
                    .isInstanceOf(SrException.class)
                    .hasMessageContaining(".catena/lock is not the file any more that this agent locked");
            assertThatThrownBy(() -> device.write(0, ByteBuffer.allocate(512))).hasMessageContaining("not served");
            assertThatThrownBy(() -> device.read(0, ByteBuffer.allocate(512))).hasMessageContaining("not served");
            assertThatThrownBy(() -> device.discard(0, 4 << 20)).hasMessageContaining("not served");
            assertThatThrownBy(device::flush).hasMessageContaining("not served");
            assertThat(repository.stat().health().reasons())
                    .extracting(SrHealth.Reason::kind)
                    .contains(SrHealth.Kind.LOST_LOCK);
        }
    }

    /** A guest's flush is the first to ask. */
    @Test
    void aFlushThatFindsTheLockLostIsNotAnswered() throws IOException {
        BareSr bare = create();
        try (Jobs jobs = BareSr.jobs()) {
            VhdRepository repository = bare.attach(jobs);
            Vdi disk = repository.create(new VdiSpec(4 << 20, "disk", "", null, false));
            repository.attachAndActivate(disk.vdi(), Hold.HOST, AccessMode.READ_WRITE);
            BlockDevice device = bare.device(disk.vdi());
            device.write(0, ByteBuffer.allocate(4096).put(0, (byte) 1));
            Files.delete(directory.resolve(".catena/lock"));
            assertThatThrownBy(device::flush).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> device.read(0, ByteBuffer.allocate(512))).hasMessageContaining("not served");
        }
    }

    /** Two agents can both have the directory's lock then; the leaf's own lock still keeps them apart. */
    @Test
    void aDiskThatIsWrittenIsNotOpenedByASecondAgentEvenThen() throws IOException {
        BareSr first = create();
        try (Jobs jobs = BareSr.jobs()) {
            VhdRepository repository = first.attach(jobs);
            Vdi disk = repository.create(new VdiSpec(4 << 20, "disk", "", null, false));
            repository.attachAndActivate(disk.vdi(), Hold.HOST, AccessMode.READ_WRITE);
            Files.delete(directory.resolve(".catena/lock"));
            VhdRepository second =
                    new BareSr(LinuxFiles.storage(directory), LinuxFiles.storage(redo.resolve("b")), 2).attach(jobs);
            // It misses the redo log, which the first has, until it is told not to.
            second.acceptLoss();
            assertThatThrownBy(() -> second.attachAndActivate(disk.vdi(), Hold.HOST, AccessMode.READ_WRITE))
                    .isInstanceOf(SrException.class)
                    .hasMessageContaining("has it open for writing");
            second.close();
        }
    }

    @Test
    void aSecondAttachOrProbeByAnotherPathTakesNothingAway() throws IOException {
        BareSr bare = create();
        Path alias = Files.createSymbolicLink(redo.resolve("alias"), directory);
        try (Jobs jobs = BareSr.jobs();
                VhdRepository repository = bare.attach(jobs)) {
            assertThat(Probe.of(LinuxFiles.storage(alias), alias).inUse()).isTrue();
            BareSr other = new BareSr(LinuxFiles.storage(alias), LinuxFiles.storage(redo.resolve("b")), 2);
            assertThatThrownBy(() -> other.attach(jobs))
                    .isInstanceOf(SrException.class)
                    .hasMessageContaining("in use by this process already");
            assertThat(Probe.of(LinuxFiles.storage(alias), alias).inUse()).isTrue();
            repository.create(new VdiSpec(4 << 20, "disk", "", null, false));
        }
    }

    private BareSr create() {
        Storage storage = LinuxFiles.storage(directory);
        VhdRepository.create(storage, BareSr.ID, "sr");
        return new BareSr(storage, LinuxFiles.storage(redo.resolve("a")), 1);
    }
}
