package io.catena.vhd.map;

import java.util.HashMap;
import java.util.Map;

/**
 * What memory knows of blocks and the file does not.
 *
 * <p><b>Threads.</b> Guarded by the lock of the {@link BlockMap}.
 */
final class PendingBlocks {
    /** New bits by block. */
    final Map<Integer, SectorBitmap> bits = new HashMap<>();

    /** What BAT entries were before they changed. */
    final Map<Integer, Integer> entriesBefore = new HashMap<>();

    boolean isEmpty() {
        return bits.isEmpty() && entriesBefore.isEmpty();
    }

    boolean concerns(int block) {
        return bits.containsKey(block) || entriesBefore.containsKey(block);
    }

    /** Adds what came later. */
    void add(PendingBlocks other) {
        other.bits.forEach((block, more) -> bits.merge(block, more, (a, b) -> {
            a.add(b);
            return a;
        }));
        other.entriesBefore.forEach(entriesBefore::putIfAbsent);
    }
}
