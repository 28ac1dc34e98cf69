package io.catena.vhd;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.format.DiskType;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.store.BlockFile;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** After a power cut a file may end with what its guest wrote, and a guest may know the format, too. */
final class VhdHeadersTest {
    private static final long SIZE = 4 << 20;
    private static final UUID OURS = new UUID(1, 1);
    private static final UUID FORGED = new UUID(6, 6);

    @TempDir
    Path directory;

    private Storage storage;

    @BeforeEach
    void makeADisk() throws IOException {
        storage = new FileStorage(directory);
        new VhdCreator(storage).dynamic("a.vhd", SIZE, OURS, 0);
    }

    @Test
    void aFooterOfAnotherDiskInTheLastSectorIsData() throws IOException {
        append("a.vhd", DynamicHeader.dynamic(1536, 2, 2 << 20).encode());
        append("a.vhd", Footer.of(DiskType.DIFFERENCING, SIZE, FORGED, 0).encode());
        assertOurs(read("a.vhd"));
    }

    @Test
    void aFooterOfAFixedDiskThatDoesNotEndItsDataIsData() throws IOException {
        append("a.vhd", Footer.of(DiskType.FIXED, 1024, OURS, 0).encode());
        assertOurs(read("a.vhd"));
    }

    @Test
    void aFooterOfTheSameDiskInTheLastSectorIsTheNewerOne() throws IOException {
        append("a.vhd", Footer.of(DiskType.DYNAMIC, SIZE / 2, OURS, 0).encode());
        assertThat(read("a.vhd").footer().currentSize()).isEqualTo(SIZE / 2);
    }

    @Test
    void aFixedDiskThatBeginsWithAFooterStaysFixed() throws IOException {
        new VhdCreator(storage).fixed("f.vhd", SIZE, OURS, 0);
        try (BlockFile file = storage.open("f.vhd")) {
            file.write(0, Footer.of(DiskType.DIFFERENCING, SIZE, FORGED, 0).encode());
        }
        assertThat(read("f.vhd").footer().type()).isEqualTo(DiskType.FIXED);
    }

    @Test
    void bothFootersAreLookedAtThatAreNotEqualByteForByte() throws IOException {
        assertThat(read("a.vhd").validCopy()).isTrue();
        ByteBuffer other = Footer.of(DiskType.DYNAMIC, SIZE, OURS, 1).encode();
        try (BlockFile file = storage.open("a.vhd")) {
            file.write(0, other);
        }
        assertThat(read("a.vhd").validCopy()).isFalse();
        append("a.vhd", other.rewind());
        assertThat(read("a.vhd").validCopy()).isTrue();
    }

    private static void assertOurs(VhdHeaders headers) {
        assertThat(headers.footer().uniqueId()).isEqualTo(OURS);
        assertThat(headers.footer().type()).isEqualTo(DiskType.DYNAMIC);
        assertThat(headers.footer().currentSize()).isEqualTo(SIZE);
        assertThat(headers.trailingFooterOffset()).isEqualTo(-1);
    }

    private void append(String name, ByteBuffer bytes) throws IOException {
        try (BlockFile file = storage.open(name)) {
            file.write(file.size(), bytes);
        }
    }

    private VhdHeaders read(String name) throws IOException {
        try (BlockFile file = storage.openReadOnly(name)) {
            return VhdHeaders.read(file);
        }
    }
}
