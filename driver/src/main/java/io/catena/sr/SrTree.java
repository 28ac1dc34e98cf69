package io.catena.sr;

import io.catena.op.Journal;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.Collection;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The tree of an SR as it is now, and the lock under which it changes: operations of one SR run one after another.
 *
 * <p><b>Threads.</b> {@link #now} and {@link #refresh} are to be called under the lock.
 */
final class SrTree {
    private final ReentrantLock lock = new ReentrantLock(true);
    private final TreeScanner scanner;
    private final Journal journal;
    private Tree tree;

    /** Whether files may have changed that the tree does not know of. */
    private boolean outdated;

    /** Why nothing may change any more; null while all is well. */
    private @Nullable String stuck;

    SrTree(Storage storage) throws IOException {
        journal = new Journal(storage);
        scanner = new TreeScanner(storage);
        tree = scanner.scan();
    }

    <T> T locked(Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    <T> T lockedIo(Errors.Work<T> work) throws IOException {
        lock.lock();
        try {
            return work.run();
        } finally {
            lock.unlock();
        }
    }

    /** Runs work that changes the tree, after the operation that failed last, if any, was completed. */
    <T> T change(Errors.Work<T> work) throws IOException {
        lock.lock();
        try {
            completeInterrupted();
            return work.run();
        } catch (IOException e) {
            lookAgain(e);
            throw e;
        } finally {
            lock.unlock();
        }
    }

    /** Work that failed may have changed files all the same: a tree that does not know of them would lead to their loss. */
    private void lookAgain(IOException reason) {
        outdated = true;
        try {
            completeInterrupted();
        } catch (IOException e) {
            // Tried again before the next change.
            reason.addSuppressed(e);
        }
    }

    private void completeInterrupted() throws IOException {
        if (stuck != null) {
            throw new IOException("an operation failed half-way, and only recovery can complete it; detach the SR and"
                    + " attach it again. It failed because: " + stuck);
        }
        outdated |= journal.recover().isPresent();
        if (outdated) {
            rescan();
        }
    }

    /** Refuses all changes from now on. */
    void stuck(String reason) {
        stuck = reason;
    }

    Tree now() {
        return tree;
    }

    /** Looks at some files again. */
    void refresh(Collection<String> names) throws IOException {
        tree = scanner.refresh(tree, names);
    }

    /** Looks at all files again. */
    void rescan() throws IOException {
        tree = scanner.scan();
        outdated = false;
    }
}
