package io.catena.sr.tree;

import io.catena.op.Journal;
import io.catena.op.Operation;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Lets the operations of an SR happen, one after another, and completes what failed half-way.
 *
 * <p><b>Threads.</b> Used by who has the SR's turn and its tree lock, but for what is said otherwise.
 */
final class Commits {
    private final Storage storage;
    private final Journal journal;
    private final SeenFiles seenFiles;
    private final TreeLock lock;

    /** Whether an operation failed half-way that has not been completed. */
    private volatile boolean interrupted;

    /** Why nothing may change any more; null while all is well. */
    private volatile @Nullable String stuck;

    /** Whether files may have changed in another way than who asked for it was told. */
    private boolean mayHaveChanged;

    /** What the operation that is bound to happen still has to do to disks in use. */
    private LiveSteps underway = LiveSteps.NONE;

    Commits(Storage storage, SeenFiles seenFiles, TreeLock lock) {
        this.storage = storage;
        this.journal = new Journal(storage);
        this.seenFiles = seenFiles;
        this.lock = lock;
        this.interrupted = isBound();
    }

    /** See {@link SrTree#commit}. */
    void commit(Operation operation, LiveSteps live) throws IOException {
        try {
            if (record(operation, live)) {
                cut(live);
                takeSteps(operation, live);
            }
        } catch (RuntimeException e) {
            // Whoever comes next finds what is recorded.
            mayHaveChanged = true;
            throw e;
        }
    }

    /** Returns false if recording failed, but the operation has happened all the same. */
    private boolean record(Operation operation, LiveSteps live) throws IOException {
        refuseIfOpening(operation);
        lock.concern(operation.files());
        aside(() -> seenFiles.forget(operation.replaced()));
        try {
            aside(() -> journal.record(operation));
            return true;
        } catch (IOException e) {
            if (live == LiveSteps.NONE) {
                forgetOrFinish(e);
                return false;
            }
            takeBack(e);
            throw e;
        }
    }

    /** Whoever changes files waits for that before he decides; this is for those that he does not know of. */
    private void refuseIfOpening(Operation operation) throws IOException {
        if (lock.isBeingOpened(operation.files())) {
            throw new IOException("a disk is being opened that may have one of " + operation.files() + "; try again");
        }
    }

    private void cut(LiveSteps live) throws IOException {
        try {
            live.cut(this::aside);
        } catch (IOException | RuntimeException e) {
            takeBack(e);
            throw e;
        }
    }

    private void takeSteps(Operation operation, LiveSteps live) throws IOException {
        underway = live;
        try {
            live.settle(this::aside);
            live.apply(operation, storage, this::aside);
            live.goOn(this::aside);
            aside(journal::forget);
            underway = LiveSteps.NONE;
        } catch (IOException e) {
            if (hasNotBegun(operation) && live.goBack(this::aside)) {
                underway = LiveSteps.NONE;
                takeBack(e);
                throw e;
            }
            finish(e);
        }
    }

    private boolean hasNotBegun(Operation operation) throws IOException {
        Aside aside = this::aside;
        return aside.get(() -> operation.hasNotBegun(storage));
    }

    private void aside(Aside.Step step) throws IOException {
        lock.aside(step);
    }

    private void takeBack(Exception reason) throws StuckException {
        try {
            aside(journal::forget);
        } catch (IOException e) {
            reason.addSuppressed(e);
            stuck = String.valueOf(reason.getMessage());
            throw new StuckException(reason);
        }
    }

    /** Whether an operation is recorded, or may be: it will happen then. By any thread. */
    boolean isBound() {
        try {
            return storage.exists(Journal.FILE);
        } catch (IOException e) {
            return true;
        }
    }

    /** The record may be there though writing it failed; what cannot be forgotten for sure must happen. */
    private void forgetOrFinish(IOException reason) throws IOException {
        try {
            aside(journal::forget);
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
        mayHaveChanged = true;
        interrupted = true;
        try {
            recover();
            interrupted = false;
        } catch (IOException e) {
            e.addSuppressed(reason);
            throw new IOException(
                    "the operation is recorded and will be completed, but not now; nothing else of the SR is changed"
                            + " before: "
                            + e.getMessage(),
                    e);
        }
    }

    /**
     * Completes the recorded operation, if there is one, and what it still has to do to disks in use; returns whether there was one.
     *
     * <ol>
     *   <li>Read the record, and make its name durable, aside.
     *   <li>Tell which files it concerns: from here on nobody begins or ceases to use a disk that has one of them.
     *   <li>Make durable what its own steps need of the disks in use, take them, and forget it; all aside, but for what is in memory.
     *   <li>Let go of what the disks in use do not need any more.
     * </ol>
     */
    private boolean recover() throws IOException {
        Aside aside = this::aside;
        Optional<Operation> recorded = aside.get(journal::interrupted);
        if (recorded.isPresent()) {
            lock.concern(recorded.get().files());
        }
        underway.settle(aside);
        if (recorded.isPresent()) {
            underway.apply(recorded.get(), storage, aside);
            aside(journal::forget);
        }
        underway.goOn(aside);
        underway = LiveSteps.NONE;
        return recorded.isPresent();
    }

    /**
     * Completes what failed half-way.
     *
     * @return whether files may have changed since this was asked last in another way than the tree knows of
     * @throws IOException if it cannot be completed, so that nothing may change
     */
    boolean complete() throws IOException {
        if (stuck != null) {
            throw new IOException("an operation failed half-way, and only recovery can complete it; detach the SR and"
                    + " attach it again. It failed because: " + stuck);
        }
        try {
            mayHaveChanged |= recover();
            interrupted = false;
        } catch (IOException e) {
            mayHaveChanged = true;
            interrupted = true;
            throw new IOException(
                    "an operation that failed half-way cannot be completed yet, and nothing else is changed before: "
                            + e.getMessage(),
                    e);
        }
        boolean told = mayHaveChanged;
        mayHaveChanged = false;
        return told;
    }

    /** Whether there is nothing to complete, and nothing that is not known. By who has the tree lock. */
    boolean isAllWell() {
        return !interrupted && !mayHaveChanged && stuck == null;
    }

    /** Returns what failed and has to be completed before anything can change; empty if nothing has. By any thread. */
    Optional<String> unfinished() {
        if (stuck != null) {
            return Optional.of("An operation failed half-way; detach the SR and attach it again: " + stuck);
        }
        return interrupted
                ? Optional.of("An operation failed half-way, and is tried again with the next change")
                : Optional.empty();
    }

    /** Refuses all changes from now on. By any thread. */
    void stuck(String reason) {
        stuck = reason;
    }

    boolean isStuck() {
        return stuck != null;
    }
}
