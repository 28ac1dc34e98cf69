package io.catena.sr;

import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.GcChange;
import io.catena.api.NodeProblem;
import io.catena.api.SrChange;
import io.catena.api.SrCheck;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrHealth;
import io.catena.api.SrProbe;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.store.FileStorage;
import io.catena.store.ForwardingStorage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What is wrong with an SR is found, told, and mended. */
final class SrCheckTest extends RepositoryFixture {
    @Test
    void aBadFileHidesNoOther() throws IOException {
        VdiId disk = create("disk");
        Files.writeString(directory.resolve("bad.vhd"), "this is no disk");
        sr.scan();

        assertThat(sr.stat().problems()).hasSize(1);
        assertThat(sr.vdi(disk).state()).isEqualTo(Vdi.State.DETACHED);
        assertThat(sr.vdis()).extracting(Vdi::state).contains(Vdi.State.BROKEN);
    }

    @Test
    void anSrIsHealthyOrSaysWhatIsWrongAndWhatToDo() throws IOException {
        VdiId disk = create("disk");
        assertThat(sr.stat().health()).isEqualTo(new SrHealth(SrHealth.State.HEALTHY, List.of()));

        Files.writeString(directory.resolve("bad.vhd"), "this is no disk");
        sr.scan();
        sr.garbage().set(new GcChange(null, null, null, null, null, Long.MAX_VALUE, null, null));
        sr.set(new SrChange(null, null, 10, 2));
        write(attach(disk), 0, 1);
        sr.snapshot(List.of(disk), "");
        Files.createDirectories(directory.resolve(".catena/journal"));
        Files.writeString(directory.resolve(".catena/journal/operation.json"), "{}");
        assertThatThrownBy(sr::scan).as("it would change something").isInstanceOf(SrException.class);

        SrHealth health = sr.stat().health();
        assertThat(health.state()).isEqualTo(SrHealth.State.DEGRADED);
        assertThat(health.reasons())
                .extracting(SrHealth.Reason::kind)
                .containsExactly(
                        SrHealth.Kind.UNFINISHED_OPERATION,
                        SrHealth.Kind.UNREADABLE_NODE,
                        SrHealth.Kind.LOW_SPACE,
                        SrHealth.Kind.LONG_CHAIN,
                        SrHealth.Kind.LONG_CHAIN);
        assertThat(health.reasons()).allSatisfy(reason -> {
            assertThat(reason.what()).isNotBlank();
            assertThat(reason.cure()).asString().isNotBlank();
        });
        Files.delete(directory.resolve(".catena/journal/operation.json"));
    }

    /** A guest's request writes it, whatever else is done with the SR. */
    @Test
    void aNoteThatIsBeingWrittenIsNoLeftover() throws Exception {
        CountDownLatch written = new CountDownLatch(1);
        CountDownLatch checked = new CountDownLatch(1);
        sr.close();
        sr = attachSr(new ForwardingStorage(new FileStorage(directory)) {
            @Override
            public void rename(String from, String to) throws IOException {
                if (to.endsWith(".zeros")) {
                    written.countDown();
                    await(checked);
                }
                super.rename(from, to);
            }
        });
        VdiId disk = create("disk");
        BlockDevice device = attach(disk);
        CompletableFuture<?> zeroing = CompletableFuture.runAsync(() -> zero(device));
        try {
            await(written);
            assertThat(sr.check(false).findings()).isEmpty();
            assertThat(sr.check(true).findings()).isEmpty();
        } finally {
            checked.countDown();
        }
        zeroing.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(directory.resolve(".catena/vdi/" + disk + ".zeros")).exists();
    }

    private static void zero(BlockDevice device) {
        try {
            device.writeZeroes(0, BLOCK, true);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void workOfXenServerThatContradictsItselfIsRefused() throws IOException {
        sr.close();
        Path journal = directory.resolve("leaf_" + UUID.randomUUID());
        Files.writeString(journal, "1");

        assertError(this::attachSr, SrError.SR_UNAVAILABLE);
        Files.delete(journal);
        sr = attachSr();
    }

    @Test
    void checkFindsWhatDoesNotFitTogetherAndRepairMendsIt() throws IOException {
        VdiId disk = create("disk");
        VdiId bad = create("bad");
        assertThat(sr.check(false).findings()).isEmpty();
        Path records = directory.resolve(".catena/vdi");
        Files.copy(records.resolve(disk + ".json"), records.resolve(UUID.randomUUID() + ".json"));
        Files.writeString(records.resolve(bad + ".json"), "{");
        Files.writeString(records.resolve(disk + ".json.new"), "{");
        Files.writeString(directory.resolve(".catena/tmp/x.vhd"), "");
        Files.writeString(directory.resolve("notes.txt"), "");

        SrCheck found = sr.check(false);
        assertThat(found.sound()).isFalse();
        assertThat(found.findings())
                .extracting(SrCheck.Finding::kind)
                .containsExactlyInAnyOrder(
                        SrCheck.Kind.ORPHAN_RECORD,
                        SrCheck.Kind.BAD_RECORD,
                        SrCheck.Kind.LEFTOVER,
                        SrCheck.Kind.LEFTOVER,
                        SrCheck.Kind.UNKNOWN_FILE);
        assertThat(sr.check(false)).isEqualTo(found);
        sr.check(true);
        assertThat(sr.check(true).findings())
                .extracting(SrCheck.Finding::kind)
                .containsExactly(SrCheck.Kind.UNKNOWN_FILE);
        assertThat(sr.vdi(disk).name()).isEqualTo("disk");
    }

    @Test
    void aBadTableOfBlocksIsFoundByAScan() throws IOException {
        VdiId disk = create("disk");
        VdiId other = create("other");
        try (SeekableByteChannel file = Files.newByteChannel(directory.resolve(disk + ".vhd"), WRITE)) {
            file.position(1536).write(ByteBuffer.allocate(4).putInt(3).flip());
        }

        sr.scan();

        assertThat(sr.stat().problems()).extracting(NodeProblem::file).containsExactly(disk + ".vhd");
        assertThat(sr.vdi(disk).state()).isEqualTo(Vdi.State.BROKEN);
        assertThat(sr.vdi(other).state()).isEqualTo(Vdi.State.DETACHED);
        assertThat(sr.check(false).findings())
                .extracting(SrCheck.Finding::kind)
                .containsExactly(SrCheck.Kind.BROKEN_NODE);
    }

    @Test
    void aProbeTellsWhatADirectoryHolds() throws IOException {
        create("disk");
        SrProbe attached = Probe.of(new FileStorage(directory), directory);
        assertThat(attached.kind()).isEqualTo(SrProbe.Kind.SR);
        assertThat(attached.inUse()).isTrue();
        assertThat(attached.nodes()).isEqualTo(1);
        sr.close();
        SrProbe detached = Probe.of(new FileStorage(directory), directory);
        assertThat(detached.inUse()).isFalse();
        assertThat(detached.needsRecovery()).isFalse();
        assertThat(Probe.of(new FileStorage(redo), redo).kind()).isEqualTo(SrProbe.Kind.EMPTY);
        sr = attachSr();
    }
}
