package io.catena.vhd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs of sectors that are alike. */
class SectorBitmapTest {
    private static final int SECTORS = 256;

    @Test
    @Timeout(value = 10, threadMode = Timeout.ThreadMode.SEPARATE_THREAD, unit = TimeUnit.SECONDS)
    void aRunMayEndWhereAWordEnds() {
        SectorBitmap bitmap = new SectorBitmap(SECTORS);
        bitmap.set(0, 64, new SectorBitmap(SECTORS));
        assertThat(bitmap.run(0, 128)).isEqualTo(64);
        assertThat(bitmap.run(64, 192)).isEqualTo(192);
    }

    @Test
    @Timeout(value = 10, threadMode = Timeout.ThreadMode.SEPARATE_THREAD, unit = TimeUnit.SECONDS)
    void aRunIsAsLongAsItsSectorsAreAlikeAndNoLongerThanAskedFor() {
        Random random = new Random(1);
        for (int i = 0; i < 2000; i++) {
            boolean[] expected = new boolean[SECTORS];
            SectorBitmap bitmap = new SectorBitmap(SECTORS);
            fill(bitmap, expected, random);
            int from = random.nextInt(SECTORS);
            int max = 1 + random.nextInt(SECTORS - from);
            int length = 1;
            while (length < max && expected[from + length] == expected[from]) {
                length++;
            }
            assertThat(bitmap.run(from, max)).isEqualTo(length);
            assertThat(bitmap.isSet(from)).isEqualTo(expected[from]);
        }
    }

    /** Sets a few ranges, many of which begin or end where a word does. */
    private static void fill(SectorBitmap bitmap, boolean[] expected, Random random) {
        for (int i = 0; i < 3; i++) {
            int unit = random.nextBoolean() ? 64 : 1;
            int from = random.nextInt(SECTORS / unit) * unit;
            int count = Math.min(SECTORS - from, (1 + random.nextInt(128 / unit)) * unit);
            bitmap.set(from, count, new SectorBitmap(SECTORS));
            for (int sector = from; sector < from + count; sector++) {
                expected[sector] = true;
            }
        }
    }
}
