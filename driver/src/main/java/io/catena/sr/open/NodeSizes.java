package io.catena.sr.open;

import io.catena.sr.job.Looks;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/**
 * What nodes take on the file system, as it was told last: a guest makes its disk grow without telling anybody.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class NodeSizes {
    /** How many may ask the disk of one SR at a time, so that one that hangs leaves others their turn. */
    private static final int QUESTIONS = 4;

    private final Storage storage;
    private final Looks looks;
    private final Semaphore asking = new Semaphore(QUESTIONS);
    private final Map<String, Long> allocatedBytes = new ConcurrentHashMap<>();

    NodeSizes(Storage storage, Looks looks) {
        this.storage = storage;
        this.looks = looks;
    }

    /** Returns how many bytes a file takes, as the disk told last; 0 if it has not yet. */
    long known(String name) {
        return allocatedBytes.getOrDefault(name, 0L);
    }

    /** Asks for the sizes of files, for {@link #known}. */
    void ask(Collection<String> names) {
        looks.ask(() -> {
            if (asking.tryAcquire()) {
                try {
                    names.forEach(this::tell);
                } finally {
                    asking.release();
                }
            }
        });
    }

    /** Forgets files that are gone. */
    void retain(Collection<String> names) {
        allocatedBytes.keySet().retainAll(names);
    }

    private void tell(String name) {
        try {
            allocatedBytes.put(name, storage.info(name).allocatedBytes());
        } catch (IOException e) {
            // Somebody deleted it, or the disk fails: the next scan will tell.
        }
    }
}
