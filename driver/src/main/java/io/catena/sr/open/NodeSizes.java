package io.catena.sr.open;

import io.catena.sr.job.Looks;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What nodes take on the file system, as it was told last: a guest makes its disk grow without telling anybody.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class NodeSizes {
    /** How many may ask the disk of one SR at a time, so that one that hangs leaves others their turn. */
    private static final int QUESTIONS = 4;

    /** To ask for more takes so long that it is not done again at once. */
    private static final int MANY = 1000;

    /** After an answer that took its time, how many times as long nobody asks again. */
    private static final int REST = 10;

    private final Storage storage;
    private final Looks looks;
    private final LongSupplier nanoTime;
    private final Semaphore asking = new Semaphore(QUESTIONS);
    private final Map<String, Long> allocatedBytes = new ConcurrentHashMap<>();

    private volatile @Nullable All last;

    /** The files of a tree, and until when what was told of them is good enough. */
    private record All(Tree tree, Set<String> names, long restsUntilNanos) {}

    NodeSizes(Storage storage, Looks looks, LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.storage = storage;
        this.looks = looks;
    }

    /** Returns how many bytes a file takes, as the disk told last; 0 if it has not yet. */
    long known(String name) {
        return allocatedBytes.getOrDefault(name, 0L);
    }

    /** Asks for the sizes of files, for {@link #known}. */
    void ask(Collection<String> names) {
        looks.ask(() -> tell(names));
    }

    /** Asks for all files of a tree. */
    void ask(Tree now) {
        looks.ask(question(now));
    }

    /** Asks for all files of a tree, and forgets others. Of many it does not ask all the time. */
    Runnable question(Tree now) {
        All known = last;
        if (known == null || known.tree != now) {
            Set<String> names = now.nodes().stream().map(Node::name).collect(Collectors.toUnmodifiableSet());
            allocatedBytes.keySet().retainAll(names);
            known = new All(now, names, nanoTime.getAsLong());
            last = known;
        }
        All all = known;
        return all.names.size() < MANY ? () -> tell(all.names) : () -> tellMany(all);
    }

    private void tellMany(All all) {
        long start = nanoTime.getAsLong();
        if (all.restsUntilNanos - start <= 0 && tell(all.names)) {
            long end = nanoTime.getAsLong();
            last = new All(all.tree, all.names, end + REST * (end - start));
        }
    }

    private boolean tell(Collection<String> names) {
        if (!asking.tryAcquire()) {
            return false;
        }
        try {
            names.forEach(this::tell);
            return true;
        } finally {
            asking.release();
        }
    }

    private void tell(String name) {
        try {
            allocatedBytes.put(name, storage.info(name).allocatedBytes());
        } catch (IOException e) {
            // Somebody deleted it, or the disk fails: the next scan will tell.
        }
    }
}
