package io.catena.vhd.map;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.store.BlockFile;
import io.catena.store.CacheBudget;
import io.catena.store.FileStorage;
import io.catena.store.MemoryShortageException;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.VhdCreator;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many disks whose blocks are each present in part share one budget. */
class BlockMapMemoryTest {
    private static final int BLOCK = 2 << 20;
    private static final int BLOCKS = 512;
    private static final int DISKS = 40;

    @TempDir
    Path directory;

    private FileStorage storage;

    @BeforeEach
    void makeAFragmentedDisk() throws IOException {
        storage = new FileStorage(directory);
        new VhdCreator(storage).dynamic("d.vhd", (long) BLOCKS * BLOCK, UUID.randomUUID(), 0);
        try (Layer layer = ChainFile.vhd(storage, "d.vhd").openWritable(storage, null)) {
            for (int block = 0; block < BLOCKS; block++) {
                layer.write((long) block * BLOCK + 4096, ByteBuffer.allocate(512));
            }
        }
    }

    @Test
    void bitmapsOfManyDisksStayWithinTheBudgetAndSayTheSame() throws IOException {
        CacheBudget budget = new CacheBudget(1 << 20, 1 << 20, Runnable::run);
        List<BlockMap> maps = new ArrayList<>();
        try (BlockFile file = storage.openReadOnly("d.vhd")) {
            VhdHeaders headers = VhdHeaders.read(file);
            for (int disk = 0; disk < DISKS; disk++) {
                maps.add(BlockMap.read(file, headers.layout(), null, budget));
                readAll(maps.get(disk));
            }
            // What one look at the sum may be late for, beside the limit.
            assertThat(budget.cachedBytes()).isLessThan((1 << 20) + 256 * 640);
            readAll(maps.get(0));
        }
    }

    private static void readAll(BlockMap map) throws IOException {
        for (int block = 0; block < BLOCKS; block++) {
            assertThat(map.run((long) block * BLOCK, BLOCK)).isEqualTo(-4096);
            assertThat(map.run((long) block * BLOCK + 4096, BLOCK)).isEqualTo(512);
        }
    }

    @Test
    void theDiskThatDoesNotFitIsRefusedAndTheOthersGoOn() throws IOException {
        CacheBudget budget = new CacheBudget(5000, 1 << 20, Runnable::run);
        try (BlockFile file = storage.openReadOnly("d.vhd")) {
            VhdHeaders headers = VhdHeaders.read(file);
            BlockMap first = BlockMap.read(file, headers.layout(), null, budget);
            BlockMap second = BlockMap.read(file, headers.layout(), null, budget);

            assertThatThrownBy(() -> BlockMap.read(file, headers.layout(), null, budget))
                    .isInstanceOf(MemoryShortageException.class)
                    .hasMessageContaining("d.vhd needs");
            readAll(first);
            readAll(second);
        }
    }
}
