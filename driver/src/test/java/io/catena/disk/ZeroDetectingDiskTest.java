package io.catena.disk;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class ZeroDetectingDiskTest {
    private static final int SECTORS = 4096;

    private final MemoryLayer leaf = new MemoryLayer(SECTORS);
    private final BlockDevice disk =
            new ZeroDetectingDisk(new LiveDisk(new Chain(List.of(new Chain.Node("leaf", leaf))), false));

    @Test
    void zerosWhereNothingIsTakeNoRoom() throws IOException {
        ByteBuffer source = ByteBuffer.allocateDirect(1 << 20);
        disk.write(0, source);
        assertThat(source.hasRemaining()).isFalse();
        assertThat(disk.extent(0, 1 << 20).allocated()).isFalse();
    }

    @Test
    void zerosOverDataAreReadBack() throws IOException {
        byte[] data = new byte[64 << 10];
        new Random(1).nextBytes(data);
        disk.write(4096, ByteBuffer.wrap(data));
        disk.write(8192, ByteBuffer.allocate(16 << 10));
        ByteBuffer found = ByteBuffer.allocate(data.length);
        disk.read(4096, found);
        Arrays.fill(data, 4096, 4096 + (16 << 10), (byte) 0);
        assertThat(found.array()).isEqualTo(data);
    }

    /** One byte, wherever it is, makes it data. */
    @Test
    void whatIsNotAllZeroIsWritten() throws IOException {
        for (int place : new int[] {0, 7, 4095, 65536, (1 << 20) - 1}) {
            byte[] data = new byte[1 << 20];
            data[place] = 1;
            disk.write(0, ByteBuffer.wrap(data));
            ByteBuffer found = ByteBuffer.allocate(data.length);
            disk.read(0, found);
            assertThat(found.array()).as("a byte at %d", place).isEqualTo(data);
        }
    }

    @Test
    void partsOfPagesAreWrittenAsTheyAre() throws IOException {
        disk.write(512, ByteBuffer.allocate(4096));
        disk.write(16384, ByteBuffer.allocate(512));
        assertThat(disk.extent(512, 4096)).isEqualTo(new Extent(4096, true));
        assertThat(disk.extent(16384, 512)).isEqualTo(new Extent(512, true));
    }
}
