package io.catena.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class OwnerMapTest {
    private static final int UNIT_SECTORS = OwnerMap.UNIT_BYTES / 512;

    @Test
    void everySectorHasTheFirstLowerFileThatHasItHoweverOftenOneAsks() throws IOException {
        for (long seed = 0; seed < 10; seed++) {
            Random random = new Random(seed);
            List<MemoryLayer> layers = randomLayers(random);
            OwnerMap map = new OwnerMap(List.copyOf(layers), true);
            int sectors = (int) (layers.get(0).sizeBytes() / 512);
            for (int i = 0; i < 2000; i++) {
                int sector = random.nextInt(sectors);
                OwnerMap.Run run = map.find(sector * 512L, 512L * (1 + random.nextInt(sectors - sector)));
                assertThat(run.lengthBytes()).isPositive();
                int last = (int) (sector + run.lengthBytes() / 512 - 1);
                for (int checked : new int[] {sector, last, (sector + last) / 2}) {
                    assertThat(run.level())
                            .as("seed %d, sector %d", seed, checked)
                            .isEqualTo(owner(layers, checked));
                }
            }
        }
    }

    /** Few runs, many, one; files that end inside a unit, and behind the leaf's end. */
    private static List<MemoryLayer> randomLayers(Random random) {
        int sectors = UNIT_SECTORS * 2 + random.nextInt(UNIT_SECTORS);
        List<MemoryLayer> layers = new ArrayList<>(List.of(new MemoryLayer(sectors)));
        for (int level = 1; level <= 1 + random.nextInt(4); level++) {
            int size = random.nextInt(3) == 0 ? 1 + random.nextInt(sectors) : sectors + random.nextInt(10);
            MemoryLayer layer = new MemoryLayer(size);
            for (int i = random.nextInt(5); i > 0; i--) {
                int from = random.nextInt(size);
                layer.with(from, "x".repeat(1 + random.nextInt(Math.min(size - from, 2 * UNIT_SECTORS))));
            }
            layers.add(layer);
        }
        return layers;
    }

    private static int owner(List<MemoryLayer> layers, int sector) throws IOException {
        for (int level = 1; level < layers.size(); level++) {
            MemoryLayer layer = layers.get(level);
            if (sector * 512L >= layer.sizeBytes()) {
                return 0;
            }
            if (layer.run(sector * 512L, 512) > 0) {
                return level;
            }
        }
        return 0;
    }

    @Test
    void aUnitIsLookedIntoOnce() throws IOException {
        MemoryLayer counting = new MemoryLayer(UNIT_SECTORS).with(7, "ab");
        OwnerMap map = new OwnerMap(List.of(new MemoryLayer(UNIT_SECTORS), counting), true);
        map.find(0, 512);
        assertThat(map.find(7 * 512, 512)).isEqualTo(new OwnerMap.Run(1, 512));
        int asked = counting.asked;
        assertThat(map.find(8 * 512, 4096)).isEqualTo(new OwnerMap.Run(1, 512));
        assertThat(map.find(9 * 512, 4096)).isEqualTo(new OwnerMap.Run(0, 4096));
        assertThat(counting.asked).isEqualTo(asked);
    }

    /** What one file cannot tell of its sectors does not keep others from being read. */
    @Test
    void aFileThatCannotTellHarmsOnlyWhatNeedsIt() throws IOException {
        MemoryLayer broken = new MemoryLayer(UNIT_SECTORS);
        broken.cannotTell = true;
        OwnerMap map = new OwnerMap(
                List.of(new MemoryLayer(UNIT_SECTORS), new MemoryLayer(UNIT_SECTORS).with(3, "a"), broken), true);
        assertThat(map.find(3 * 512, 512)).isEqualTo(new OwnerMap.Run(1, 512));
        assertThatThrownBy(() -> map.find(4 * 512, 512)).hasMessage("unreadable bitmap");
    }

    @Test
    void withoutLowerFilesNobodyHasAnything() throws IOException {
        assertThat(new OwnerMap(List.of(new MemoryLayer(4).with(0, "LLLL")), true).find(512, 1024))
                .isEqualTo(new OwnerMap.Run(0, 1024));
    }
}
