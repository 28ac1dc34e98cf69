package io.catena.format;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SparseLayoutTest {
    @ParameterizedTest
    @ValueSource(ints = {512 << 10, 1 << 20, 2 << 20, 4 << 20, 8 << 20, 16 << 20})
    void dataStandsOnThePageThatIsNext(int blockSize) {
        SparseLayout layout = new SparseLayout(64 << 20, 1536, 128, blockSize);
        for (long end = 3072; end < 3072 + 20 * 512; end += 512) {
            int entry = layout.entryAfter(end);
            assertThat(layout.bitmapOffset(entry)).isGreaterThanOrEqualTo(end);
            assertThat(layout.dataOffset(entry) % 4096).isZero();
            assertThat(layout.dataOffset(entry) - layout.bitmapBytes() - end).isLessThan(4096);
        }
    }

    @Test
    void theFirstBlocksOfAnEmptyDiskStandWhereLibvhdPutsThem() {
        SparseLayout layout = new SparseLayout(8 << 20, 1536, 4, 2 << 20);
        assertThat(layout.entryAfter(3072)).isEqualTo(7);
        assertThat(layout.blockEnd(7)).isEqualTo(0x1000 + (2 << 20));
        assertThat(layout.entryAfter(layout.blockEnd(7))).isEqualTo(7 + 4104);
    }

    @Test
    void bitmapsTakeWholeSectors() {
        assertThat(new SparseLayout(0, 1536, 0, 4096).bitmapBytes()).isEqualTo(512);
        assertThat(new SparseLayout(0, 1536, 0, 2 << 20).bitmapBytes()).isEqualTo(512);
        assertThat(new SparseLayout(0, 1536, 0, 16 << 20).bitmapBytes()).isEqualTo(4096);
    }

    @Test
    void noBlockStartsBeyondTwoTebibytes() {
        SparseLayout layout = new SparseLayout(8 << 20, 1536, 4, 2 << 20);
        assertThat(layout.entryAfter(0xFFFF_FFF7L * 512)).isEqualTo(0xFFFF_FFF7);
        assertThat(layout.entryAfter(0xFFFF_FFF8L * 512)).isEqualTo(SparseLayout.UNALLOCATED);
    }

    @Test
    void tablesArePaddedToSectors() {
        SparseLayout layout = new SparseLayout(8 << 20, 1536, 4, 2 << 20);
        assertThat(layout.tableEnd()).isEqualTo(2048);
        assertThat(layout.batmapBytes()).isEqualTo(512);
        assertThat(layout.tableSectorOffset(127)).isEqualTo(1536);
        assertThat(layout.tableSectorOffset(128)).isEqualTo(2048);
    }

    @Test
    void blocksAreCountedForAnySize() {
        assertThat(new SparseLayout(0, 1536, 4, 2 << 20).blocks()).isZero();
        assertThat(new SparseLayout((2 << 20) + 512, 1536, 4, 2 << 20).blocks()).isEqualTo(2);
        assertThat(new SparseLayout(Long.MAX_VALUE - 511, 1536, 4, 4096).blocks())
                .isEqualTo(1L << 51);
    }
}
