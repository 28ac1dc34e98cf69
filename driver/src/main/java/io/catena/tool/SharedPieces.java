package io.catena.tool;

import io.catena.disk.Chain;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.Layer;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Gives a new file pieces of a chain's files without reading them, where files share extents. */
final class SharedPieces {
    /** To take fewer bytes over would take longer than to write them. */
    private static final int LEAST_BYTES = 64 << 10;

    private static final int PROBE_BYTES = 4096;

    private final List<Chain.Node> nodes;
    private final Storage storage;
    private final String probe;

    /** Whether the files share extents; null before that was tried. */
    private @Nullable Boolean possible;

    /**
     * @param storage of the new file
     * @param probe the name of a file that is made there for a moment
     */
    SharedPieces(List<Chain.Node> nodes, Storage storage, String probe) {
        this.nodes = nodes;
        this.storage = storage;
        this.probe = probe;
    }

    /** Takes the beginning of an extent over; returns whether that was possible. */
    boolean take(VhdMap.Extent extent, long lengthBytes, Layer target) throws IOException {
        if (lengthBytes < LEAST_BYTES) {
            return false;
        }
        Layer owner = owner(extent);
        Layer.Place place = owner.place(extent.offset());
        if (place == null || isInSeveralBlocks(owner, extent.offset(), lengthBytes) || !isPossible(place)) {
            return false;
        }
        return target.takeFrom(place, extent.offset(), (int) lengthBytes) != BlockFile.Taken.REFUSED;
    }

    /** Tried with another file: where extents cannot be shared the system copies them, and zeros with them. */
    private boolean isPossible(Layer.Place place) throws IOException {
        if (possible == null) {
            storage.delete(probe);
            try (BlockFile file = storage.create(probe)) {
                possible = file.takeFrom(place.file(), place.offset(), 0, PROBE_BYTES) == BlockFile.Taken.SHARED;
            } finally {
                storage.delete(probe);
            }
        }
        return possible;
    }

    /** Blocks that follow each other on the disk need not do so in the file. */
    private static boolean isInSeveralBlocks(Layer owner, long offset, long lengthBytes) {
        long block = owner.blockBytes();
        return block > 0 && offset / block != (offset + lengthBytes - 1) / block;
    }

    private Layer owner(VhdMap.Extent extent) {
        return nodes.stream()
                .filter(node -> node.name().equals(extent.file()))
                .map(Chain.Node::layer)
                .findFirst()
                .orElseThrow();
    }
}
