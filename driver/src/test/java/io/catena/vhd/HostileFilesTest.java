package io.catena.vhd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.disk.Chain;
import io.catena.disk.ChainPath;
import io.catena.format.DiskType;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.format.Seal;
import io.catena.format.UnsupportedVhdException;
import io.catena.store.BlockFile;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import io.catena.tool.VhdInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whatever bytes a file consists of, to open and read it ends soon, in content or an IOException. */
@Tag("slow")
@Timeout(60)
final class HostileFilesTest {
    private static final int ROUNDS = 3000;
    private static final long[] CORNERS = {0, 1, 511, 512, 513, 1536, 2048, 1L << 31, 1L << 32, Long.MAX_VALUE - 511, -1
    };

    @TempDir
    Path directory;

    private Storage storage;
    private byte[] child;

    @BeforeEach
    void makeAChain() throws IOException {
        storage = new FileStorage(directory);
        new VhdCreator(storage).dynamic("base.vhd", 8 << 20, new UUID(1, 1), 0);
        ParentLink link = new ParentLink(new UUID(1, 1), 0, "base.vhd");
        new VhdCreator(storage).differencing("child.vhd", 8 << 20, new UUID(1, 2), 0, link);
        child = Files.readAllBytes(directory.resolve("child.vhd"));
    }

    @Test
    void randomBytesAreRefused() throws IOException {
        Random random = new Random(1);
        for (int round = 0; round < 300; round++) {
            byte[] bytes = new byte[random.nextInt(6000)];
            random.nextBytes(bytes);
            assertThat(readable(bytes)).as("round %d", round).isFalse();
        }
    }

    @Test
    void changedBytesWithValidChecksumsDoNoHarm() throws IOException {
        Random random = new Random(2);
        int readable = 0;
        for (int round = 0; round < ROUNDS; round++) {
            readable += readable(mutated(random)) ? 1 : 0;
        }
        assertThat(readable).as("else nothing but the first check was tested").isBetween(ROUNDS / 20, ROUNDS);
    }

    @Test
    void aTableOfTwoToThe31EntriesDoesNotFillTheHeap() throws IOException {
        long size = ((1L << 31) - 1) * 4096;
        sparseFile(size, Integer.MAX_VALUE, 4096, (1L << 33) + 4096);
        assertThatThrownBy(this::open)
                .isInstanceOf(UnsupportedVhdException.class)
                .hasMessageContaining("has 2147483647 blocks, this driver opens at most 16777216");
    }

    @Test
    void aSizeNextToTheLargestNumberIsRefused() throws IOException {
        sparseFile(Long.MAX_VALUE - 511, 4, 2 << 20, 4096);
        assertThatThrownBy(this::open).hasMessageContaining("BAT has 4 entries, the disk needs 4398046511104");
    }

    @Test
    void aFixedDiskDoesNotShowItsFooterAsData() throws IOException {
        new VhdCreator(storage).fixed("f.vhd", 4096, new UUID(1, 3), 0);
        byte[] bytes = Files.readAllBytes(directory.resolve("f.vhd"));
        Footer larger = Footer.of(DiskType.FIXED, 4608, new UUID(1, 3), 0);
        larger.encode().get(bytes, 4096, 512);
        Files.write(directory.resolve("x.vhd"), bytes);
        assertThatThrownBy(this::open).hasMessageContaining("fixed disk of 4608 bytes, the file has 4096");
    }

    private void sparseFile(long size, int entries, int blockSize, long fileSize) throws IOException {
        Footer footer = Footer.of(DiskType.DYNAMIC, size, new UUID(1, 4), 0);
        try (BlockFile file = storage.create("x.vhd")) {
            file.write(0, footer.encode());
            file.write(512, DynamicHeader.dynamic(1536, entries, blockSize).encode());
            file.write(fileSize, footer.encode());
        }
    }

    /** Changes bytes of footer, header, BAT, batmap or locators; half of the time to values at which things break. */
    private byte[] mutated(Random random) {
        ByteBuffer bytes = ByteBuffer.wrap(child.clone());
        for (int change = 0; change <= random.nextInt(3); change++) {
            int area = random.nextInt(4);
            int start = new int[] {8, 520, 512 + 576, 1536}[area];
            int length = new int[] {78, 56, 192, 3000}[area];
            int at = start + random.nextInt(length) / 4 * 4;
            if (random.nextBoolean()) {
                bytes.putLong(at, CORNERS[random.nextInt(CORNERS.length)]);
            } else {
                bytes.put(at, (byte) random.nextInt());
            }
        }
        Seal.footer(bytes.slice(0, 512));
        Seal.header(bytes.slice(512, 1024));
        bytes.put(bytes.limit() - 512, bytes, 0, 512);
        return bytes.array();
    }

    /** Whether the file can be read; throws what a foreign byte must never cause. */
    private boolean readable(byte[] bytes) throws IOException {
        Files.write(directory.resolve("x.vhd"), bytes);
        info();
        try {
            open();
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private void info() {
        try {
            VhdInfo.of(storage, "x.vhd");
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("x.vhd");
        }
    }

    private void open() throws IOException {
        for (ChainFile file : ChainPath.of(storage, ChainFile.vhd(storage, "x.vhd"))) {
            try (Layer layer = file.openReadOnly(storage)) {
                long end = Math.min(layer.sizeBytes(), 32 << 20);
                for (long offset = 0; offset < end; ) {
                    long run = layer.run(offset, end - offset);
                    if (run > 0) {
                        layer.read(offset, ByteBuffer.allocate((int) run));
                    }
                    offset += Math.abs(run);
                }
                new Chain(List.of(new Chain.Node(file.name(), layer)))
                        .read(0, ByteBuffer.allocate((int) Math.min(end, 4096)));
            }
        }
    }
}
