package io.catena.sr.live;

import io.catena.store.Storage;
import java.io.IOException;

/**
 * How many blocks may be moved before their old space has to be given back.
 *
 * @param freeBlocks how many more would fit
 */
public record DrainSpace(long freeBlocks) {
    /** Enough for the flush after them not to count. */
    public static final int MANY = 64;

    public static DrainSpace now(Storage storage, long blockBytes) throws IOException {
        return new DrainSpace(storage.space().freeBytes() / (blockBytes + 4096));
    }

    /** Whether space is so short that it must be given back at once. */
    boolean isShort() {
        return freeBlocks < 4L * MANY;
    }

    /** Returns how many blocks to move, at most {@code most}. */
    public int blocks(int most) {
        return (int) Math.max(1, Math.min(most, freeBlocks / 4));
    }
}
