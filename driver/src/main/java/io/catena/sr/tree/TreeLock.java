package io.catena.sr.tree;

import java.io.IOException;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * The two locks of an SR.
 *
 * <ul>
 *   <li><b>The turn:</b> changes of the tree run one after another. Only who has the turn changes disks' files, or the tree.
 *   <li><b>The tree lock:</b> guards what the process knows of disks in use. It is taken after the turn, never before it.
 * </ul>
 *
 * <p>A change has both, but gives the tree lock away while it waits for the file system ({@link #aside}). The files that it
 * concerns are told before, and stay its own until it ends. Meanwhile other disks are attached and detached, which needs the
 * tree lock alone ({@link #beginUse}) and leaves the tree as it is: what the change knew of its own files holds when it has the lock
 * again.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class TreeLock {
    private final ReentrantLock turn = new ReentrantLock(true);
    private final ReentrantLock lock = new ReentrantLock(true);
    private final Condition changeEnded = lock.newCondition();

    /** The files that the change under way concerns. Written by who has both locks. */
    private final Set<String> concerned = new HashSet<>();

    /** Begins a change, or a part of one. */
    void beginChange() {
        if (lock.isHeldByCurrentThread() && !turn.isHeldByCurrentThread()) {
            throw new IllegalStateException("the turn is taken before the tree lock, or two threads wait for ever");
        }
        turn.lock();
        lock.lock();
    }

    /**
     * Ends what {@link #beginChange} began.
     *
     * @param last is run under both locks if nothing of the change is left
     * @return whether nothing is left
     */
    boolean endChange(Runnable last) {
        boolean isLast = turn.getHoldCount() == 1;
        try {
            if (isLast) {
                last.run();
                concerned.clear();
                changeEnded.signalAll();
            }
        } finally {
            lock.unlock();
            turn.unlock();
        }
        return isLast;
    }

    /** Tells which files the change under way concerns, beside those that were told before. */
    void concern(Collection<String> files) {
        if (!turn.isHeldByCurrentThread() || !lock.isHeldByCurrentThread()) {
            throw new IllegalStateException("what concerns a change is told by itself, with the tree lock");
        }
        concerned.addAll(files);
    }

    /**
     * Runs a part of a change that takes long, without the tree lock; with it if this is no part of a change.
     *
     * @param work touches nothing that is guarded by the tree lock
     */
    void aside(Aside.Step work) throws IOException {
        int holds = lock.getHoldCount();
        if (!turn.isHeldByCurrentThread() || holds == 0) {
            work.take();
            return;
        }
        release(holds);
        try {
            work.take();
        } finally {
            takeAgain(holds);
        }
    }

    private void release(int holds) {
        for (int i = 0; i < holds; i++) {
            lock.unlock();
        }
    }

    private void takeAgain(int holds) {
        for (int i = 0; i < holds; i++) {
            lock.lock();
        }
    }

    /**
     * Begins something that concerns one disk: waits for the change under way only if that concerns it, too.
     *
     * @param chain returns the files of the disk; nothing if they are not known, so that any change may concern it
     */
    void beginUse(Supplier<Optional<Set<String>>> chain) {
        lock.lock();
        while (!turn.isHeldByCurrentThread() && isConcerned(chain.get())) {
            changeEnded.awaitUninterruptibly();
        }
    }

    /** Ends what {@link #beginUse} began. */
    void endUse() {
        lock.unlock();
    }

    private boolean isConcerned(Optional<Set<String>> files) {
        return !concerned.isEmpty()
                && files.map(names -> !Collections.disjoint(names, concerned)).orElse(true);
    }
}
