package io.catena.disk;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.store.FileStorage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The largest disk, deep: what is kept in memory of it is bounded. */
@Timeout(300)
@Tag("slow")
class LargeChainMemoryTest {
    private static final long SIZE_BYTES = 2040L << 30;
    private static final int DEPTH = 30;
    private static final int WRITES = 300;
    private static final long MOST_HEAP_BYTES = 64L << 20;

    @TempDir
    private Path directory;

    @Test
    void aChainOfThirtyFilesOf2040GiBNeedsLessThan64MiB() throws IOException {
        FileStorage storage = new FileStorage(directory);
        Random random = new Random(1);
        for (int level = DEPTH - 1; level >= 0; level--) {
            create(storage, level);
            try (Layer layer = ChainFile.vhd(storage, name(level)).openWritable(storage, null)) {
                for (int i = 0; i < WRITES; i++) {
                    layer.write(anywhere(random), ByteBuffer.allocate(4096));
                }
            }
        }
        long before = usedBytes();
        List<Chain.Node> nodes = new ArrayList<>();
        for (int level = 0; level < DEPTH; level++) {
            ChainFile file = ChainFile.vhd(storage, name(level));
            nodes.add(new Chain.Node(
                    name(level), level == 0 ? file.openWritable(storage, null) : file.openReadOnly(storage)));
        }
        Chain chain = new Chain(nodes);
        ByteBuffer target = ByteBuffer.allocateDirect(4096);
        for (int i = 0; i < 20_000; i++) {
            chain.read(anywhere(random), target.clear());
        }
        assertThat(usedBytes() - before).isLessThan(MOST_HEAP_BYTES);
        for (Chain.Node node : chain.nodes()) {
            node.layer().close();
        }
    }

    private static long anywhere(Random random) {
        return random.nextLong(SIZE_BYTES / 4096) * 4096;
    }

    private static void create(FileStorage storage, int level) throws IOException {
        VhdCreator creator = new VhdCreator(storage);
        if (level == DEPTH - 1) {
            creator.dynamic(name(level), SIZE_BYTES, new UUID(5, level), 1);
        } else {
            ParentLink link = ParentLink.of(storage, name(level), name(level + 1), new UUID(5, level + 1));
            creator.differencing(name(level), SIZE_BYTES, new UUID(5, level), 1, link);
        }
    }

    private static String name(int level) {
        return "node" + level + ".vhd";
    }

    private static long usedBytes() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }
}
