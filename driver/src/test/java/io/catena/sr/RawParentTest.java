package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.AccessMode;
import io.catena.api.SrException;
import io.catena.api.SrHealth;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.sr.open.Wanted;
import io.catena.tool.NewVhd;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever can put a VHD into an SR cannot read another's raw disk by naming it as the parent. */
class RawParentTest {
    private static final int SECRET = 77;

    @TempDir
    Path directory;

    @TempDir
    Path redo;

    private DirectorySr files;

    @BeforeEach
    void open() {
        files = new DirectorySr(directory, redo);
    }

    @AfterEach
    void close() {
        files.close();
    }

    @Test
    void aDiskThatNamesARawDiskAsItsParentCannotEvenBeReadBeforeSomebodyDecides() throws IOException {
        VdiId raw;
        try (VhdRepository sr = files.create()) {
            raw = sr.create(new VdiSpec(DirectorySr.SIZE, "raw", "", null, true))
                    .vdi();
        }
        VdiId planted = new VdiId(UUID.randomUUID());
        plant(planted, raw + ".raw");
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            assertThatThrownBy(() -> sr.attach(planted, AccessMode.READ_ONLY))
                    .isInstanceOf(SrException.class)
                    .hasMessageContaining("no record says");
            assertThat(sr.stat().health().reasons())
                    .extracting(SrHealth.Reason::kind)
                    .containsExactly(SrHealth.Kind.UNREADABLE_NODE);
            sr.keep(planted + ".vhd");
            assertThat(DirectorySr.read(files.attach(sr, planted), 0)).isEqualTo(SECRET);
        }
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            files.attach(sr, planted);
        }
    }

    @Test
    void whatBuildsOnRawFilesInAnAdoptedDirectoryIsTakenAsItIs() throws IOException {
        VdiId child = new VdiId(UUID.randomUUID());
        plant(child, UUID.randomUUID() + ".raw");
        try (VhdRepository sr = files.attach(Wanted.ADOPTED)) {
            assertThat(DirectorySr.read(files.attach(sr, child), 0)).isEqualTo(SECRET);
        }
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            assertThat(sr.stat().health().reasons()).isEmpty();
            files.attach(sr, child);
        }
    }

    @Test
    void aSnapshotOfARawDiskBuildsOnIt() throws IOException {
        try (VhdRepository sr = files.create()) {
            VdiId raw = sr.create(new VdiSpec(DirectorySr.SIZE, "raw", "", null, true))
                    .vdi();
            VdiId snapshot = sr.snapshot(List.of(raw), "snapshot").get(0).vdi();
            sr.scan();
            sr.attach(snapshot, AccessMode.READ_ONLY);
        }
    }

    private void plant(VdiId child, String raw) throws IOException {
        byte[] content = new byte[(int) DirectorySr.SIZE];
        ByteBuffer.wrap(content).putInt(0, SECRET);
        Files.write(files.file(raw), content);
        new NewVhd(Clock.systemUTC(), UUID::randomUUID).snapshot(files.storage(), child + ".vhd", raw);
    }
}
