package io.catena.sr.tree;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.log.LogLine;
import io.catena.op.Journal;
import io.catena.op.Operation;
import io.catena.op.Orphans;
import io.catena.op.Remove;
import io.catena.sr.kept.KeptFiles;
import io.catena.sr.record.Errors;
import io.catena.store.LateDeletion;
import io.catena.store.Storage;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The tree of an SR as it is now, and the lock under which it changes: operations of one SR run one after another.
 *
 * <p>Who looks takes {@link #seen}, the tree as the last operation left it, and never waits.
 *
 * <p><b>Threads.</b> {@link #now} and {@link #refresh} are to be called under the lock, all else by any thread.
 */
public final class SrTree {
    private static final Logger LOG = System.getLogger(SrTree.class.getName());

    private final ReentrantLock lock = new ReentrantLock(true);
    private final LateDeletion storage;
    private final TreeScanner scanner;
    private final TreeWatch watch;
    private final Outsiders outsiders;
    private final Journal journal;
    private final KeptFiles kept;
    private final SeenFiles seenFiles;

    /** As it is to the operation that has the lock. */
    private Tree tree;

    /** As it is to all others. */
    private volatile Tree seen;

    /** Whether files may have changed that the tree does not know of. */
    private boolean outdated;

    /** Whether an operation failed half-way that has not been completed. */
    private volatile boolean interrupted;

    /** Why nothing may change any more; null while all is well. */
    private volatile @Nullable String stuck;

    /** What the operation that is bound to happen still has to do to disks in use. */
    private LiveSteps underway = LiveSteps.NONE;

    private boolean closed;

    /**
     * @param clock for the comparison with files' times
     */
    public SrTree(Storage storage, Clock clock) throws IOException {
        this.storage = new LateDeletion(storage);
        journal = new Journal(this.storage);
        kept = new KeptFiles(storage);
        scanner = new TreeScanner(storage);
        watch = new TreeWatch(storage, scanner, clock);
        outsiders = new Outsiders(storage, clock);
        seenFiles = new SeenFiles(storage);
        tree = watch.scan();
        lookOutside();
        tree = seenFiles.compare(tree);
        seen = tree;
        interrupted = isBound();
    }

    public <T> T locked(Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            unlock();
        }
    }

    public <T> T lockedIo(Errors.Work<T> work) throws IOException {
        lock.lock();
        try {
            return work.run();
        } finally {
            unlock();
        }
    }

    /** Runs work that changes the tree, after the operation that failed last, if any, was completed. */
    public <T> T change(Errors.Work<T> work) throws IOException {
        lock.lock();
        try {
            if (closed) {
                throw new SrException(SrError.SR_UNAVAILABLE, "The SR was detached meanwhile")
                        .correction("Attach it and try again.");
            }
            completeInterrupted();
            return work.run();
        } catch (IOException e) {
            lookAgain(e);
            throw e;
        } finally {
            unlock();
        }
    }

    /** What the operation did is seen from now on, all at once. */
    private void unlock() {
        boolean isLast = lock.getHoldCount() == 1;
        if (isLast) {
            seen = tree;
        }
        lock.unlock();
        if (isLast) {
            storage.giveBack();
        }
    }

    /** Deletes the file of a node. To be called under the lock; what takes long of it is done without. */
    public void delete(String node) throws IOException {
        storage.delete(node);
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

    /** Completes what failed, if it can be done now; for those who want to see what there is in any case. */
    public void tryToComplete() {
        try {
            completeInterrupted();
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("operation-not-completed", "cause", e.getMessage()));
        }
    }

    private void completeInterrupted() throws IOException {
        if (stuck != null) {
            throw new IOException("an operation failed half-way, and only recovery can complete it; detach the SR and"
                    + " attach it again. It failed because: " + stuck);
        }
        try {
            outdated |= recover().isPresent();
            interrupted = false;
        } catch (IOException e) {
            outdated = true;
            interrupted = true;
            throw new IOException(
                    "an operation that failed half-way cannot be completed yet, and nothing else is changed before: "
                            + e.getMessage(),
                    e);
        }
        if (outdated) {
            boolean all = PendingRewrites.complete(storage);
            rescan();
            outdated = !all;
        }
    }

    /** As {@link #commit}, of an operation that no disk in use hears of. */
    public void run(Operation operation) throws IOException {
        commit(operation, LiveSteps.NONE);
    }

    /**
     * Lets an operation happen.
     *
     * <ol>
     *   <li>Mark the files that it replaces, see {@link SeenFiles}.
     *   <li>Record it. If the process dies from here on, recovery takes the operation's own steps.
     *   <li>Let the disks in use go on as they will be. Until this has succeeded the operation can be taken back; from here on
     *       it is bound to happen.
     *   <li>Make durable what its own steps need of the disks in use.
     *   <li>Take its own steps.
     *   <li>Let go of what they do not need any more.
     *   <li>Forget it.
     * </ol>
     *
     * <p>If making durable, a step or forgetting fails all of them are done once more; if that fails too, nothing else is changed
     * until they can be. Only if it is sure that no step was taken, and the disks in use can go on as they were, the operation
     * is taken back then, too.
     *
     * <p>The syncs of this are made under the lock, and have to be: what is recorded was decided by the tree as it is, there is
     * one record, and no other operation may change a file before the steps are taken, of which each must be durable before
     * the next. Other changes of the same SR wait for that; who reads, writes or looks does not.
     *
     * @throws IOException if the operation did not happen, or not yet; the message tells which
     * @throws StuckException if it did not happen, but recovery will complete it at the next attach
     */
    public void commit(Operation operation, LiveSteps live) throws IOException {
        seenFiles.forget(operation.replaced());
        try {
            journal.record(operation);
        } catch (IOException e) {
            if (live == LiveSteps.NONE) {
                forgetOrFinish(e);
                return;
            }
            takeBack(e);
            throw e;
        }
        try {
            live.cut();
        } catch (IOException | RuntimeException e) {
            takeBack(e);
            throw e;
        }
        underway = live;
        try {
            live.settle();
            live.apply(operation, storage);
            live.goOn();
            journal.forget();
            underway = LiveSteps.NONE;
        } catch (IOException e) {
            if (operation.hasNotBegun(storage) && live.goBack()) {
                underway = LiveSteps.NONE;
                takeBack(e);
                throw e;
            }
            finish(e);
        }
    }

    private void takeBack(Exception reason) throws StuckException {
        try {
            journal.forget();
        } catch (IOException e) {
            reason.addSuppressed(e);
            stuck = String.valueOf(reason.getMessage());
            throw new StuckException(reason);
        }
    }

    /** Whether an operation is recorded, or may be: it will happen then. */
    public boolean isBound() {
        try {
            return storage.exists(Journal.FILE);
        } catch (IOException e) {
            return true;
        }
    }

    /** The record may be there though writing it failed; what cannot be forgotten for sure must happen. */
    private void forgetOrFinish(IOException reason) throws IOException {
        try {
            journal.forget();
        } catch (IOException e) {
            reason.addSuppressed(e);
            if (isBound()) {
                finish(reason);
                return;
            }
            // It is gone, but perhaps not for good: nothing was done, and a power cut must not bring it back later.
            takeBack(reason);
        }
        throw reason;
    }

    /** Completes the recorded operation, a step of which has failed for {@code reason}. */
    private void finish(IOException reason) throws IOException {
        outdated = true;
        interrupted = true;
        try {
            completeRecorded();
        } catch (IOException e) {
            e.addSuppressed(reason);
            throw new IOException(
                    "the operation is recorded and will be completed, but not now; nothing else of the SR is changed"
                            + " before: "
                            + e.getMessage(),
                    e);
        }
    }

    /** Completes what a commit that failed has left recorded, if it has. */
    public void completeRecorded() throws IOException {
        recover();
        interrupted = false;
    }

    private Optional<Operation> recover() throws IOException {
        underway.settle();
        Optional<Operation> completed = journal.recover(operation -> underway.apply(operation, storage));
        underway.goOn();
        underway = LiveSteps.NONE;
        return completed;
    }

    /** Returns what failed and has to be completed before anything can change; empty if nothing has. */
    public Optional<String> unfinished() {
        if (stuck != null) {
            return Optional.of("An operation failed half-way; detach the SR and attach it again: " + stuck);
        }
        return interrupted
                ? Optional.of("An operation failed half-way, and is tried again with the next change")
                : Optional.empty();
    }

    /** Refuses all changes from now on, since the SR is let go of. */
    public void close() {
        closed = true;
    }

    /** Refuses all changes from now on. */
    public void stuck(String reason) {
        stuck = reason;
    }

    /** Returns what is kept of snapshots whose data was given up. */
    public KeptFiles kept() {
        return kept;
    }

    public Tree now() {
        return tree;
    }

    /** Returns the tree as the last operation that ended left it; needs no lock. */
    public Tree seen() {
        return seen;
    }

    /** Looks at some files again. */
    public void refresh(Collection<String> names) throws IOException {
        tree = scanner.refresh(tree, names)
                .withOrphans(Orphans.read(storage))
                .withAnchors(kept.anchors())
                .withReplaced(seenFiles.replaced());
    }

    /**
     * Looks at and into the files that changed since the last look, whoever changed them.
     *
     * @param skipped whether a file is open, so that only who has it open knows what is in it
     */
    public void update(Predicate<String> skipped) throws IOException {
        tree = watch.update(tree, skipped);
        lookOutside();
        tree = seenFiles.compare(tree);
    }

    /** Takes a file as the disk that it is not, or not for sure. To be called under the lock. */
    public void accept(String file) throws IOException {
        seenFiles.forget(List.of(file));
        tree = seenFiles.compare(tree);
    }

    /**
     * Notes what the files are now, as far as that is not half-way between two states. To be called under the lock. If it
     * fails the note stays what it is; it can be done the next time as well.
     *
     * @param always also if nothing changed
     */
    public void noteFiles(boolean always) {
        try {
            if (!isBound() && stuck == null) {
                seenFiles.write(tree, always);
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("seen-files-not-noted", "cause", e.getMessage()));
        }
    }

    /**
     * Looks again which files that are no nodes build on nodes, and which base copies are proven to be needed by nobody. To
     * be called under the lock, before a node is deleted or merged.
     */
    public void lookOutside() throws IOException {
        tree = tree.withOutsiders(outsiders.look())
                .withOrphans(Orphans.read(storage))
                .withAnchors(kept.anchors());
    }

    /** Forgets the proofs that what is there now refutes: they must not count when it goes away again. */
    public void forgetRefutedOrphans() throws IOException {
        Orphans.forget(storage, tree.refutedOrphans());
        tree = tree.withOrphans(Orphans.read(storage));
    }

    /**
     * Takes a node away. On a file system that is too full for a record of it the file goes all the same, which makes room;
     * should that be interrupted, the base copy that it leaves is not known to be garbage.
     */
    public void remove(Remove operation) throws IOException {
        try {
            run(operation);
        } catch (IOException e) {
            if (!Errors.isNoSpace(e) || isBound()) {
                throw e;
            }
            Remove.of(operation.node(), operation.records()).apply(storage);
        }
    }

    /** Looks at all files again, as if none had ever been looked at. */
    public void rescan() throws IOException {
        tree = watch.scan();
        lookOutside();
        tree = seenFiles.compare(tree);
        outdated = false;
    }
}
