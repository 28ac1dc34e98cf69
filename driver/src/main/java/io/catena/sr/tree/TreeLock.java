package io.catena.sr.tree;

import io.catena.store.Scheduling;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
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
 * <p>Who opens a disk gives the tree lock away, too ({@link #beginOpening}), and has the files of its chain until they are open: a
 * change that concerns one of them waits for that, and so does who wants the same disk. Others do not.
 *
 * <p>Nobody waits for ever: who opens a disk waits for changes and others before it has its files, and from then on for the tree
 * lock alone; nobody keeps that while waiting for either. A change waits for openings when it has the turn, which those do not need.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class TreeLock {
    private final ReentrantLock turn = new ReentrantLock(true);
    private final ReentrantLock lock = new ReentrantLock(true);

    /** A change, an opening, or what {@link #tell} is about. */
    private final Condition ended = lock.newCondition();

    /** The files that the change under way concerns. Written by who has both locks. */
    private final Set<String> concerned = new HashSet<>();

    /** The disks that are being opened. Written by who has the tree lock. */
    private final List<Opening> openings = new ArrayList<>();

    /** A disk that is being opened, and the files of its chain. */
    private static final class Opening {
        private final Thread by = Thread.currentThread();
        private final Object disk;
        private final Set<String> files;

        Opening(Object disk, Set<String> files) {
            this.disk = disk;
            this.files = new HashSet<>(files);
        }

        boolean hasOneOf(Collection<String> wanted) {
            return !Collections.disjoint(files, wanted);
        }

        boolean isOfOthers() {
            return by != Thread.currentThread();
        }
    }

    /**
     * Begins a change of these files, or a part of one. Waits, without the turn, for who opens a disk that has one of them in its chain,
     * so that changes of other files need not wait, too.
     *
     * @param files is asked with the tree lock
     */
    void beginChange(Supplier<? extends Collection<String>> files) {
        awaitOpenings(files);
        beginChange();
        concern(files.get());
    }

    /** Only for those under way, so that it ends however many come. */
    private void awaitOpenings(Supplier<? extends Collection<String>> files) {
        lock.lock();
        try {
            List<Opening> inTheWay = turn.isHeldByCurrentThread() ? List.of() : openingsOf(files.get());
            while (openings.stream().anyMatch(inTheWay::contains)) {
                ended.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

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
                ended.signalAll();
            }
        } finally {
            lock.unlock();
            turn.unlock();
        }
        return isLast;
    }

    /**
     * Tells which files the change under way concerns, beside those that were told before. Waits, without the tree lock, for who opens a
     * disk that has one of them in its chain: so it is to be told before the change looks how they are used.
     */
    void concern(Collection<String> files) {
        checkHasBoth();
        concerned.addAll(files);
        while (isBeingOpened(files)) {
            ended.awaitUninterruptibly();
        }
    }

    /** Waits, without the tree lock, until nobody opens a disk. To be called by a change; others may begin when it goes aside. */
    void awaitOpenings() {
        checkHasBoth();
        while (openings.stream().anyMatch(Opening::isOfOthers)) {
            ended.awaitUninterruptibly();
        }
    }

    private void checkHasBoth() {
        if (!turn.isHeldByCurrentThread() || !lock.isHeldByCurrentThread()) {
            throw new IllegalStateException("what concerns a change is told by itself, with the tree lock");
        }
    }

    /** Whether somebody else opens a disk that has one of these files in its chain. By who has the tree lock. */
    boolean isBeingOpened(Collection<String> files) {
        return !openingsOf(files).isEmpty();
    }

    private List<Opening> openingsOf(Collection<String> files) {
        return openings.stream()
                .filter(opening -> opening.isOfOthers() && opening.hasOneOf(files))
                .toList();
    }

    /**
     * Runs a part of a change, or of an opening, that takes long, without the tree lock; with it if this is no part of either.
     *
     * @param work touches nothing that is guarded by the tree lock
     */
    void aside(Aside.Step work) throws IOException {
        int holds = lock.getHoldCount();
        if (holds == 0 || (!turn.isHeldByCurrentThread() && own().isEmpty())) {
            work.take();
            return;
        }
        release(holds);
        try {
            Scheduling.letOthersRun();
            work.take();
            Scheduling.letOthersRun();
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
     * Begins something that concerns one disk: waits for the change under way only if that concerns it, too, and for who opens that
     * disk.
     *
     * @param chain returns the files of the disk; nothing if they are not known, so that any change may concern it
     */
    void beginUse(Object disk, Supplier<Optional<Set<String>>> chain) {
        beginUse(disk, chain, () -> true);
    }

    /**
     * As {@link #beginUse(Object, Supplier)}, of something that has to wait for other reasons, too.
     *
     * @param mayBegin is asked with the tree lock, and again after each {@link #tell}
     */
    void beginUse(Object disk, Supplier<Optional<Set<String>>> chain, BooleanSupplier mayBegin) {
        lock.lock();
        while (!mayBegin.getAsBoolean()
                || isOpening(disk)
                || (!turn.isHeldByCurrentThread() && isConcerned(chain.get()))) {
            ended.awaitUninterruptibly();
        }
    }

    private boolean isOpening(Object disk) {
        return openings.stream().anyMatch(opening -> opening.isOfOthers() && opening.disk.equals(disk));
    }

    /**
     * As {@link #beginUse}, of something that may wait {@link #aside} while it opens the disk, if that is known. One at a time in a
     * thread.
     */
    void beginOpening(Object disk, Supplier<Optional<Set<String>>> chain) {
        beginUse(disk, chain);
        chain.get().ifPresent(files -> openings.add(new Opening(disk, files)));
    }

    /** Ends what {@link #beginOpening} began. */
    void endOpening() {
        openings.removeIf(opening -> !opening.isOfOthers());
        ended.signalAll();
        endUse();
    }

    /**
     * Tells which files are about to be opened. If the tree did not know that they are in the chain, no change that concerns them begins
     * from here on before they are open.
     *
     * @throws IOException if one is under way
     */
    void opens(Collection<String> files) throws IOException {
        Optional<Opening> own = own();
        for (String file : own.isPresent() ? files : List.<String>of()) {
            boolean isNew = own.orElseThrow().files.add(file);
            if (isNew && concerned.contains(file) && !turn.isHeldByCurrentThread()) {
                throw new IOException(file + " is being changed, and was not known to be in the chain; try again");
            }
        }
    }

    private Optional<Opening> own() {
        return openings.stream().filter(opening -> !opening.isOfOthers()).findFirst();
    }

    /** Changes something that others may wait for; takes the tree lock for a moment. */
    void tell(Runnable news) {
        lock.lock();
        try {
            news.run();
            ended.signalAll();
        } finally {
            lock.unlock();
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
