package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.Job;
import io.catena.api.SrError;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Disks are copied and imported. */
final class VdiCopyTest extends RepositoryFixture {
    @Test
    void aCopyHasTheContentAndNoChain() throws IOException {
        VdiId disk = create("disk");
        write(attach(disk), 0, 1);
        sr.snapshot(List.of(disk), "");
        write(exported(disk), 4096, 2);
        VdiId snapshot = sr.snapshot(List.of(disk), "").get(0).vdi();
        write(exported(disk), 0, 3);
        VdiId copy = new VdiId(UUID.randomUUID());
        assertError(() -> sr.copy(disk, sr, "copy", copy), SrError.VDI_IN_USE);

        Job job = jobs.waitFor(sr.copy(snapshot, sr, "copy", copy).id(), PATIENCE);

        assertThat(job.state()).as(job.toString()).isEqualTo(Job.State.DONE);
        assertThat(job.result()).contains(copy.toString());
        assertThat(sr.vdi(copy).depth()).isEqualTo(1);
        assertThat(sr.vdi(copy).name()).isEqualTo("copy");
        assertThat(read(attach(copy), 0)).isEqualTo(1);
        assertThat(read(exported(copy), 4096)).isEqualTo(2);
        sr.destroy(snapshot);
        Job again = jobs.waitFor(sr.copy(copy(disk), sr, "", null).id(), PATIENCE);
        assertThat(again.state()).as(again.toString()).isEqualTo(Job.State.DONE);
        assertThat(directory.resolve(".catena/tmp")).isEmptyDirectory();
    }

    @Test
    void anImportThatIsGivenUpLeavesNothing() throws IOException {
        VdiSpec spec = new VdiSpec(SIZE, "disk", "", null, false);
        try (VdiImport given = sr.importVdi(spec)) {
            given.write(0, ByteBuffer.allocate(512));
        }
        assertThat(directory.resolve(".catena/tmp")).isEmptyDirectory();
        VdiImport open = sr.importVdi(spec);
        sr.close();
        assertError(() -> open.write(0, ByteBuffer.allocate(512)), SrError.SR_UNAVAILABLE);
        open.close();
        sr = attachSr();
        assertThat(sr.vdis()).isEmpty();
    }

    @Test
    void ofTwoImportsOfOneIdTheSecondLeavesNothing() throws IOException {
        VdiSpec spec = new VdiSpec(SIZE, "disk", "", new VdiId(UUID.randomUUID()), false);
        try (VdiImport first = sr.importVdi(spec);
                VdiImport second = sr.importVdi(spec)) {
            first.commit();
            assertError(second::commit, SrError.VDI_EXISTS);
        }
        assertThat(directory.resolve(".catena/tmp")).isEmptyDirectory();
    }
}
