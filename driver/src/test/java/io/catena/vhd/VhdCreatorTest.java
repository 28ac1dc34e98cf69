package io.catena.vhd;

import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.format.ParentLocator;
import io.catena.store.FileStorage;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The layout that vhd-util gives an empty disk of 8 MiB. */
final class VhdCreatorTest {
    private static final long SIZE = 8 << 20;
    private static final UUID ID = new UUID(1, 2);
    private static final UUID PARENT = new UUID(3, 4);

    @TempDir
    Path directory;

    private VhdCreator creator;

    @BeforeEach
    void makeCreator() {
        creator = new VhdCreator(new FileStorage(directory));
    }

    @Test
    void aDynamicDiskTakes3584Bytes() throws Exception {
        creator.dynamic("a.vhd", SIZE, ID, 7);
        ByteBuffer file = read("a.vhd");
        assertThat(file.limit()).isEqualTo(3584);
        assertThat(file.slice(0, 512)).isEqualTo(file.slice(3072, 512));
        assertThat(file.getInt(60)).isEqualTo(3);
        checkTables(file);
        assertThat(file.slice(512 + 40, 1024 - 40)).isEqualTo(ByteBuffer.allocate(1024 - 40));
    }

    @Test
    void aDifferencingDiskTakes5120Bytes() throws Exception {
        creator.differencing("a.vhd", SIZE, ID, 7, new ParentLink(PARENT, 9, "base.vhd"));
        ByteBuffer file = read("a.vhd");
        assertThat(file.limit()).isEqualTo(5120);
        assertThat(file.slice(0, 512)).isEqualTo(file.slice(4608, 512));
        assertThat(file.getInt(60)).isEqualTo(4);
        checkTables(file);
        assertThat(file.getLong(512 + 40)).isEqualTo(3);
        assertThat(file.getLong(512 + 48)).isEqualTo(4);
        assertThat(file.getInt(512 + 56)).isEqualTo(9);
        checkLocator(file, 0, ParentLocator.MACX, 3072, "file://./base.vhd", UTF_8);
        checkLocator(file, 1, ParentLocator.W2KU, 3584, ".\\base.vhd", UTF_16LE);
        checkLocator(file, 2, ParentLocator.W2RU, 4096, ".\\base.vhd", UTF_16LE);
        assertThat(file.getInt(512 + 576 + 3 * 24)).isZero();
    }

    @Test
    void aFixedDiskIsItsSizeAndAFooter() throws Exception {
        creator.fixed("a.vhd", SIZE, ID, 7);
        ByteBuffer file = read("a.vhd");
        assertThat(file.limit()).isEqualTo(SIZE + 512);
        assertThat(file.slice(0, (int) SIZE)).isEqualTo(ByteBuffer.allocate((int) SIZE));
        assertThat(file.getInt((int) SIZE + 60)).isEqualTo(2);
    }

    @Test
    void whatExistsIsNotOverwritten() throws Exception {
        Files.writeString(directory.resolve("a.vhd"), "mine");
        assertThatThrownBy(() -> creator.dynamic("a.vhd", SIZE, ID, 7)).isInstanceOf(FileAlreadyExistsException.class);
        assertThat(directory.resolve("a.vhd")).hasContent("mine");
    }

    @Test
    void sizesAreRoundedUpToBlocks() {
        assertThat(VhdCreator.roundedSize(0)).isEqualTo(2 << 20);
        assertThat(VhdCreator.roundedSize(2 << 20)).isEqualTo(2 << 20);
        assertThat(VhdCreator.roundedSize((2 << 20) + 1)).isEqualTo(4 << 20);
    }

    private static void checkTables(ByteBuffer file) {
        assertThat(file.getLong(512 + 16)).isEqualTo(1536);
        assertThat(file.getInt(512 + 28)).isEqualTo(4);
        for (int entry = 0; entry < 4; entry++) {
            assertThat(file.getInt(1536 + 4 * entry)).isEqualTo(-1);
        }
        assertThat(file.slice(1552, 496)).isEqualTo(ByteBuffer.allocate(496));
        assertThat(file.getLong(2048)).isEqualTo(0x74646261746d6170L);
        assertThat(file.getLong(2056)).isEqualTo(2560);
        assertThat(file.getInt(2064)).isEqualTo(1);
        assertThat(file.getInt(2072)).isEqualTo(-1);
        assertThat(file.slice(2560, 512)).isEqualTo(ByteBuffer.allocate(512));
    }

    private static void checkLocator(
            ByteBuffer file, int slot, int platform, int offset, String path, Charset charset) {
        int at = 512 + 576 + 24 * slot;
        byte[] payload = path.getBytes(charset);
        assertThat(file.getInt(at)).isEqualTo(platform);
        assertThat(file.getInt(at + 4)).isEqualTo(512);
        assertThat(file.getInt(at + 8)).isEqualTo(payload.length);
        assertThat(file.getInt(at + 12)).isZero();
        assertThat(file.getLong(at + 16)).isEqualTo(offset);
        assertThat(file.slice(offset, 512))
                .isEqualTo(ByteBuffer.allocate(512).put(payload).rewind());
    }

    private ByteBuffer read(String name) throws Exception {
        return ByteBuffer.wrap(Files.readAllBytes(directory.resolve(name)));
    }
}
