package io.catena.sr.gc;

import io.catena.api.JobControl;
import io.catena.sr.live.DrainSpace;
import io.catena.sr.live.LeafCopy;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.DrainingLayer;
import io.catena.vhd.Layer;
import io.catena.vhd.SectorCopier;
import io.catena.vhd.SparseLayer;
import java.io.IOException;
import java.util.List;

/**
 * Moves the blocks of a leaf that nobody uses to its base copy. Their space is given back as this goes, and what was moved
 * need not be moved again.
 */
final class DetachedDrain implements LeafCopy.Rounds {
    private final Storage storage;
    private final DrainingLayer layer;
    private final long blockBytes;

    private DetachedDrain(Storage storage, DrainingLayer layer, long blockBytes) {
        this.storage = storage;
        this.layer = layer;
        this.blockBytes = blockBytes;
    }

    static DetachedDrain open(Storage storage, ChainFile leaf, ChainFile baseCopy) throws IOException {
        Layer upper = leaf.openWritable(storage, null);
        try {
            Layer lower = baseCopy.openWritable(storage, null);
            if (upper instanceof SparseLayer from && lower instanceof SparseLayer to) {
                return new DetachedDrain(storage, new DrainingLayer(from, to), from.blockBytes());
            }
            lower.close();
            throw new IOException(leaf.name() + " or " + baseCopy.name() + " is no dynamic disk");
        } catch (IOException | RuntimeException e) {
            upper.close();
            throw e;
        }
    }

    @Override
    public boolean round(JobControl control) throws IOException {
        List<Integer> blocks =
                layer.nextBlocks(DrainSpace.now(storage, blockBytes).blocks(DrainSpace.MANY));
        for (int block : blocks) {
            control.checkCancelled();
            control.done(layer.copy(block));
        }
        if (blocks.isEmpty()) {
            return false;
        }
        layer.giveUpCopied(blocks, 0);
        layer.flush();
        return true;
    }

    /** Returns what was copied so far, and how. */
    SectorCopier copied() {
        return layer.copied();
    }

    @Override
    public void close() throws IOException {
        layer.close();
    }
}
