package io.catena.sr;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Remembers how far push downs got that were stopped, so that they need not begin again. What drains or is pulled up needs no
 * memory: it can be seen in the files.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class GcProgress {
    private final Map<List<String>, Long> reached = new ConcurrentHashMap<>();

    /**
     * Returns up to which byte of the disk all was copied, durably; and forgets what was done with any of its files in
     * another step, for it does not hold any more.
     */
    long begin(GcStep step) {
        List<String> files = step.files();
        reached.keySet()
                .removeIf(other -> !other.equals(files) && other.stream().anyMatch(files::contains));
        return reached.getOrDefault(files, 0L);
    }

    /** Notes that all was copied up to a byte, durably. */
    void reached(GcStep step, long offset) {
        reached.put(new ArrayList<>(step.files()), offset);
    }

    void done(GcStep step) {
        reached.remove(step.files());
    }
}
