package io.catena.harness.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StreamFormat;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.harness.peer.QemuImg;
import io.catena.harness.sim.Seeds;
import io.catena.sr.VhdRepository;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Disks are made of streams that others wrote; what is not whole or not true makes none. */
@Tag("slow")
class UploadTest {
    private static final int BLOCK = 2 << 20;
    private static final int DISK_BYTES = 4 * BLOCK;
    private static final int HEAD_BYTES = 4096;

    @TempDir
    Path directory;

    @TempDir
    Path redo;

    @TempDir
    Path foreign;

    private DiskTrees trees;
    private VhdRepository sr;

    @BeforeEach
    void attach() {
        trees = new DiskTrees(directory, redo);
        sr = trees.sr;
    }

    @AfterEach
    void detach() throws IOException {
        trees.close();
    }

    @Seeds(2)
    void whatQemuWroteIsReadWholeAndWhatIsCutOffLeavesNothing(long seed) throws IOException {
        Random random = new Random(seed);
        byte[] content = content(random);
        Path raw = Files.write(foreign.resolve("raw"), content);
        for (String subformat : new String[] {"dynamic", "fixed"}) {
            Path vhd = foreign.resolve(subformat);
            QemuImg.convertFromRaw(raw, vhd, subformat);
            byte[] bytes = Files.readAllBytes(vhd);
            assertThat(Arrays.equals(exported(upload(StreamFormat.VHD, bytes)), content))
                    .as(subformat)
                    .isTrue();
            assertBroken(StreamFormat.VHD, Arrays.copyOf(bytes, random.nextInt(bytes.length)), bytes.length);
            assertBroken(StreamFormat.VHD, Arrays.copyOf(bytes, bytes.length - 1), bytes.length);
        }
        assertThat(Arrays.equals(exported(upload(StreamFormat.RAW, content)), content))
                .isTrue();
        assertBroken(StreamFormat.RAW, Arrays.copyOf(content, random.nextInt(content.length)), content.length);
        assertBroken(StreamFormat.RAW, Arrays.copyOf(content, content.length + 1), content.length);
    }

    @Test
    void whatIsExportedComesBackAndTakesNoMoreSpace() throws IOException {
        byte[] content = content(new Random(7));
        VdiId disk = upload(StreamFormat.RAW, content);
        VdiId copy = upload(StreamFormat.VHD, bytes(disk, StreamFormat.VHD), -1);

        assertThat(Arrays.equals(exported(copy), content)).isTrue();
        assertThat(sr.contents().changes(copy, null)).isEqualTo(sr.contents().changes(disk, null));
        assertThat(sr.check(false).findings()).isEmpty();
    }

    @Test
    void aLastSectorThatIsNotWholeEndsWithZeros() throws IOException {
        byte[] content = new byte[1000];
        Arrays.fill(content, (byte) 1);
        byte[] disk = exported(upload(StreamFormat.RAW, content));

        assertThat(Arrays.equals(disk, Arrays.copyOf(content, BLOCK))).isTrue();
    }

    /** Sizes, places and types in the head are another's word. */
    @Seeds(40)
    void whateverTheHeadSaysIsReadOrRefused(long seed) throws IOException {
        Random random = new Random(seed);
        VdiId disk = sr.create(new VdiSpec(DISK_BYTES, "disk", "", null, false)).vdi();
        byte[] vhd = bytes(disk, StreamFormat.VHD);
        for (int change = 0; change <= random.nextInt(4); change++) {
            vhd[random.nextInt(Math.min(HEAD_BYTES, vhd.length))] = (byte) random.nextInt(256);
        }
        try {
            upload(StreamFormat.VHD, vhd, random.nextBoolean() ? -1 : vhd.length);
        } catch (SrException e) {
            assertThat(e.error()).as(e.detail()).isIn(SrError.BAD_REQUEST, SrError.SR_NO_SPACE, SrError.VDI_SIZE);
            assertThat(sr.vdis()).hasSize(1);
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("ended after");
            assertThat(sr.vdis()).hasSize(1);
        }
        assertNothingIsLeft();
    }

    @Test
    void blocksThatOverlapOrLieBeforeTheTableAreRefused() throws IOException {
        byte[] vhd = bytes(upload(StreamFormat.RAW, content(new Random(3))), StreamFormat.VHD);
        ByteBuffer table = ByteBuffer.wrap(vhd).position(1536).slice();
        int sector = 0;
        int last = 0;
        for (int block = 0; block < DISK_BYTES / BLOCK; block++) {
            if (table.getInt(block * 4) != -1) {
                sector = table.getInt(block * 4);
                last = block;
            }
        }
        table.putInt(last * 4, 1);
        assertBroken(StreamFormat.VHD, vhd, vhd.length);
        table.putInt(last * 4, sector - 8);
        assertBroken(StreamFormat.VHD, vhd, vhd.length);
    }

    @Test
    void whatHasNoSizeIsRefused() {
        assertThatThrownBy(() -> upload(StreamFormat.RAW, new byte[BLOCK], -1))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("not known");
        assertThatThrownBy(() -> upload(StreamFormat.VHD, new byte[BLOCK], -1))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("not known");
    }

    /** Some blocks are full, some hold a few sectors, some nothing. */
    private static byte[] content(Random random) {
        byte[] content = new byte[DISK_BYTES];
        byte[] data = new byte[BLOCK];
        for (int block = 0; block < DISK_BYTES / BLOCK; block++) {
            random.nextBytes(data);
            int length = block == 1 ? 0 : block == 0 ? BLOCK : 512 * (1 + random.nextInt(300));
            System.arraycopy(data, 0, content, block * BLOCK + 512 * block, length - (block == 3 ? 512 : 0));
        }
        return content;
    }

    private void assertBroken(StreamFormat format, byte[] bytes, long length) {
        int before = sr.vdis().size();
        assertThatThrownBy(() -> upload(format, bytes, length)).isInstanceOfAny(SrException.class, IOException.class);
        assertThat(sr.vdis()).hasSize(before);
        assertNothingIsLeft();
    }

    private void assertNothingIsLeft() {
        String[] left = directory.resolve(".catena/tmp").toFile().list();
        assertThat(left == null ? List.of() : List.of(left)).isEmpty();
    }

    private VdiId upload(StreamFormat format, byte[] bytes) throws IOException {
        return upload(format, bytes, bytes.length);
    }

    private VdiId upload(StreamFormat format, byte[] bytes, long length) throws IOException {
        return trees.imported(format, bytes, length);
    }

    private byte[] exported(VdiId disk) throws IOException {
        return bytes(disk, StreamFormat.RAW);
    }

    private byte[] bytes(VdiId disk, StreamFormat format) throws IOException {
        return trees.exported(disk, format, null, 0);
    }
}
