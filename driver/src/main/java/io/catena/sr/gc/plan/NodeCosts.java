package io.catena.sr.gc.plan;

import io.catena.format.DynamicHeader;
import io.catena.sr.tree.Node;
import io.catena.store.Storage;
import io.catena.vhd.AllocatedBlocks;
import io.catena.vhd.ChainFile;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Tells what the nodes of an SR take. A file that has not changed is not read again.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class NodeCosts {
    private static final long BITMAP_BYTES = 4096;

    private static final long OTHER_HEADER_BYTES = 32 << 10;

    private final Storage storage;
    private final Map<String, Known> known = new ConcurrentHashMap<>();

    NodeCosts(Storage storage) {
        this.storage = storage;
    }

    private record Known(Storage.FileInfo info, NodeCost cost) {}

    /**
     * Returns what a node takes; of one that is open, what is on disk.
     *
     * @throws IOException if its BAT cannot be read
     */
    NodeCost of(Node node) throws IOException {
        Storage.FileInfo info = storage.info(node.name());
        Known before = known.get(node.name());
        if (before != null && before.info.equals(info)) {
            return before.cost;
        }
        ChainFile file = Objects.requireNonNull(node.file(), "file");
        long blockBytes = blockBytes(file);
        NodeCost cost = new NodeCost(
                info.allocatedBytes(),
                AllocatedBlocks.of(storage, file, blockBytes),
                blockBytes + BITMAP_BYTES,
                headerBytes(file));
        known.put(node.name(), new Known(info, cost));
        return cost;
    }

    /** The BAT, the batmap, headers, locators and footers. */
    private static long headerBytes(ChainFile file) {
        VhdHeaders headers = file.headers();
        DynamicHeader header = headers == null ? null : headers.header();
        return header == null ? 0 : OTHER_HEADER_BYTES + header.maxEntries() * 4L + header.maxEntries() / 8;
    }

    private static long blockBytes(ChainFile file) {
        VhdHeaders headers = file.headers();
        DynamicHeader header = headers == null ? null : headers.header();
        return header == null ? DynamicHeader.DEFAULT_BLOCK_SIZE : header.blockSize();
    }
}
