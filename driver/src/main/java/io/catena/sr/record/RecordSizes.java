package io.catena.sr.record;

import io.catena.api.VdiId;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * How much the records of an SR's disks take in memory, where all of them are kept: whoever wrote them must not fill it.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class RecordSizes {
    /** Some 2,000 for each of 16,000 disks. */
    static final long MOST_CHARACTERS = 32 << 20;

    private final Map<VdiId, Integer> sizes = new HashMap<>();
    private long characters;

    /** Notes how long a record is; returns false if all together are too long with it, then it counts for nothing. */
    synchronized boolean fits(VdiId id, int length) {
        forget(id);
        if (characters + length > MOST_CHARACTERS) {
            return false;
        }
        sizes.put(id, length);
        characters += length;
        return true;
    }

    synchronized void forget(VdiId id) {
        characters -= Objects.requireNonNullElse(sizes.remove(id), 0);
    }

    synchronized void forgetAll() {
        sizes.clear();
        characters = 0;
    }
}
