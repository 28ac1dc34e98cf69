package io.catena.vhd.map;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.store.FileStorage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** However many disks are written, and never flushed by their guests: their redo logs stay within what they may have. */
class RedoBudgetTest {
    private static final int DISKS = 8;
    private static final long MOST_BYTES = 16 << 10;
    private static final long PAGE_BYTES = 4096;
    private static final RedoLog.Owner OWNER = new RedoLog.Owner(new UUID(3, 3), new UUID(4, 4));

    @TempDir
    Path directory;

    @Test
    void logsOfManyDisksStayWithinTheBudget() throws IOException {
        FileStorage storage = new FileStorage(directory);
        Files.createDirectory(directory.resolve("redo"));
        RedoBudget budget = new RedoBudget(MOST_BYTES);
        List<Layer> disks = new ArrayList<>();
        for (int i = 0; i < DISKS; i++) {
            UUID id = new UUID(5, i);
            new VhdCreator(storage).dynamic(i + ".vhd", 64 << 20, id, 0);
            RedoLog redo = RedoLog.open(storage, "redo", OWNER, id, budget);
            disks.add(ChainFile.vhd(storage, i + ".vhd").openWritable(storage, redo));
        }
        long mostHeld = 0;
        for (int write = 0; write < 400; write++) {
            for (Layer disk : disks) {
                disk.write(write * 1024L, ByteBuffer.allocate(512));
                mostHeld = Math.max(mostHeld, budget.heldBytes());
            }
        }
        assertThat(mostHeld).isBetween(MOST_BYTES, MOST_BYTES + DISKS * PAGE_BYTES);
        for (Layer disk : disks) {
            disk.close();
        }
        assertThat(budget.heldBytes()).isZero();
    }
}
