package io.catena.harness.peer.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.harness.peer.Fixture;
import io.catena.harness.peer.FixtureFile;
import io.catena.harness.peer.Fixtures;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
class ReferenceReaderTest {
    @TempDir
    static Path directory;

    private static Fixtures fixtures;

    @BeforeAll
    static void unpack() throws Exception {
        fixtures = Fixtures.unpack(directory);
    }

    /** All that have a digest; files without a defined content (tap-v01, cut and cyclic ones, ...) have none. */
    @Test
    void readsEveryFileWithADefinedContent() {
        SoftAssertions all = new SoftAssertions();
        int count = 0;
        for (FixtureFile file : fixtures.files()) {
            if (file.contentSha256().isPresent()) {
                all.assertThatCode(() -> assertThat(ReferenceReader.sha256(file.path()))
                                .isEqualTo(file.contentSha256().get()))
                        .as(file.path().toString())
                        .doesNotThrowAnyException();
                count++;
            }
        }
        all.assertThat(count).isEqualTo(76);
        all.assertAll();
    }

    @Test
    void showsTheSizeOfTheFooter() throws Exception {
        for (FixtureFile file : fixtures.files()) {
            if (file.contentSha256().isPresent()) {
                try (ReferenceReader reader = ReferenceReader.open(file.path())) {
                    assertThat(reader.virtualSize())
                            .as(file.path().toString())
                            .isEqualTo(file.virtualSizeBytes().getAsLong());
                }
            }
        }
    }

    /** But for blocks that overlap something: to see that is a checker's work, a reader reads what the table says. */
    @Test
    void refusesEveryFileWithoutADefinedContent() {
        List<String> readable = new ArrayList<>();
        for (FixtureFile file : fixtures.files()) {
            if (file.contentSha256().isEmpty() && isReadable(file.path())) {
                readable.add(directory.resolve("open").relativize(file.path()).toString());
            }
        }
        assertThat(readable)
                .containsExactlyInAnyOrder(
                        "bad-bat-duplicate/x.vhd", "bad-bat-in-headers/x.vhd", "bad-bat-overlap/x.vhd");
    }

    private static boolean isReadable(Path file) {
        try {
            ReferenceReader.sha256(file);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void refusesADiskThatIsItsOwnAncestor() {
        for (String name : List.of("bad-cycle1", "bad-cycle2")) {
            assertThatThrownBy(() -> ReferenceReader.open(
                            fixtures.get(name).files().get(0).path()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("its own ancestor");
        }
    }

    @Test
    void refusesAParentWithAnotherUniqueId() {
        Fixture fixture = fixtures.get("bad-parent-uuid");
        FixtureFile child = fixture.files().stream()
                .filter(file -> file.parent().isPresent())
                .findFirst()
                .orElseThrow();
        assertThatThrownBy(() -> ReferenceReader.open(child.path()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(child.path().getFileName().toString())
                .hasMessageContaining("unique id");
    }

    @Test
    void refusesAChildWhoseParentIsGone() {
        assertThatThrownBy(() -> ReferenceReader.open(
                        fixtures.get("bad-parent-missing").files().get(0).path()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no parent under any of")
                .hasMessageContaining("base.vhd");
    }

    @Test
    void readsAnyPieceAsTheWholeDiskHasIt() throws Exception {
        try (ReferenceReader reader =
                ReferenceReader.open(fixtures.get("chain3").file("leaf.vhd").path())) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            reader.readAll(all);
            byte[] disk = all.toByteArray();
            assertThat(disk).hasSize((int) reader.virtualSize());
            for (int offset : List.of(0, 1, 511, 512, 2 * 1024 * 1024 - 700, disk.length - 1500)) {
                assertThat(reader.read(offset, 1500)).isEqualTo(Arrays.copyOfRange(disk, offset, offset + 1500));
            }
            assertThatThrownBy(() -> reader.read(reader.virtualSize() - 1, 2))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    /** A bit that is clear hides what lies in the block; one that is set hides the parent. */
    @Test
    void followsEachBitOfTheSectorBitmap(@TempDir Path scratch) throws Exception {
        Path base = scratch.resolve("base.vhd");
        Path child = scratch.resolve("child.vhd");
        Files.copy(fixtures.get("synth-hyperv-chain").file("parent.vhd").path(), scratch.resolve("parent.vhd"));
        Files.copy(fixtures.get("synth-hyperv-chain").file("child.avhd").path(), child);
        Files.copy(scratch.resolve("parent.vhd"), base);
        byte[] changed = Files.readAllBytes(child);
        int bitmap = firstBitmap(changed);
        byte before = changed[bitmap];
        changed[bitmap] = (byte) ~before;
        Files.write(child, changed);
        int blockStart = blockOf(changed) * 2 * 1024 * 1024;
        try (ReferenceReader reader = ReferenceReader.open(child);
                ReferenceReader parent = ReferenceReader.open(base)) {
            for (int sector = 0; sector < 8; sector++) {
                boolean inChild = (before & (0x80 >> sector)) == 0;
                int data = bitmap + 512 + sector * 512;
                byte[] expected = inChild
                        ? Arrays.copyOfRange(changed, data, data + 512)
                        : parent.read(blockStart + sector * 512L, 512);
                assertThat(reader.read(blockStart + sector * 512L, 512))
                        .as("sector %d", sector)
                        .isEqualTo(expected);
            }
        }
    }

    private static int firstBitmap(byte[] vhd) {
        return ByteBuffer.wrap(vhd).getInt(tableOffset(vhd) + 4 * blockOf(vhd)) * 512;
    }

    private static int blockOf(byte[] vhd) {
        int block = 0;
        while (ByteBuffer.wrap(vhd).getInt(tableOffset(vhd) + 4 * block) == -1) {
            block++;
        }
        return block;
    }

    private static int tableOffset(byte[] vhd) {
        return (int) ByteBuffer.wrap(vhd).getLong(512 + 16);
    }
}
