package io.catena.vhd;

import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.map.BlockMap;
import java.io.IOException;
import java.util.BitSet;

/** Tells which blocks a file holds, whole or in part, by its BAT alone. */
public final class AllocatedBlocks {
    private AllocatedBlocks() {}

    /**
     * Reads the BAT of a dynamic disk; of a file without one, as for an open disk, what is on disk counts.
     *
     * @param blockBytes the size of the blocks of a file that has no BAT, all of which it holds
     */
    public static BitSet of(Storage storage, ChainFile file, long blockBytes) throws IOException {
        BitSet blocks = new BitSet();
        VhdHeaders headers = file.headers();
        if (headers == null || !file.isSparse()) {
            blocks.set(0, (int) Math.min(Integer.MAX_VALUE, (file.sizeBytes() + blockBytes - 1) / blockBytes));
            return blocks;
        }
        try (BlockFile open = storage.openReadOnly(file.name())) {
            BlockMap map = BlockMap.read(open, headers.layout(), null);
            map.blocks(0, Integer.MAX_VALUE).forEach(blocks::set);
        }
        return blocks;
    }
}
