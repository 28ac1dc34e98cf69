package io.catena.sr.tree;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import io.catena.op.Operation;
import io.catena.op.Orphans;
import io.catena.op.Remove;
import io.catena.sr.kept.KeptFiles;
import io.catena.sr.record.Errors;
import io.catena.sr.record.NameRoom;
import io.catena.store.LateDeletion;
import io.catena.store.Storage;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * The tree of an SR as it is now, and the locks under which it changes ({@link TreeLock}): changes of one SR run one after
 * another.
 *
 * <p>Who looks takes {@link #seen}, the tree as the last operation left it, and never waits.
 *
 * <p><b>Threads.</b> {@link #now} is to be called under the lock, {@link #refresh} and what else changes the tree by a change, all else
 * by any thread.
 */
public final class SrTree {
    private static final Logger LOG = System.getLogger(SrTree.class.getName());

    private final TreeLock lock = new TreeLock();
    private final LateDeletion storage;
    private final TreeScanner scanner;
    private final TreeWatch watch;
    private final Outsiders outsiders;
    private final Commits commits;
    private final KeptFiles kept;
    private final SeenFiles seenFiles;

    /** As it is to the operation that has the lock. Changed by who has the turn, too. */
    private Tree tree;

    /** As it is to all others. */
    private volatile Tree seen;

    /** The files that are no nodes, when they were looked at last. Used by who has the turn. */
    private SortedMap<String, Node.Doubt> outside = new TreeMap<>();

    /** Whether files may have changed that the tree does not know of. */
    private boolean outdated;

    /**
     * Whether something failed half-way, and nobody can know which files it concerns: it has to be completed before anybody begins to use
     * a disk. In the turn in which it failed, these were told before. Guarded by the tree lock.
     */
    private boolean doubtful;

    private boolean closed;

    /**
     * @param room for what is known of its files
     * @param clock for the comparison with files' times
     */
    public SrTree(Storage storage, NameRoom room, Clock clock) throws IOException {
        this.storage = new LateDeletion(storage);
        kept = new KeptFiles(storage);
        scanner = new TreeScanner(storage);
        watch = new TreeWatch(storage, scanner, room, clock);
        outsiders = new Outsiders(storage, clock);
        seenFiles = new SeenFiles(storage);
        tree = compared(watch.scan());
        seen = tree;
        commits = new Commits(this.storage, seenFiles, lock);
        doubtful = !commits.isAllWell();
    }

    public <T> T locked(Supplier<T> work) {
        lock.beginChange();
        try {
            return work.get();
        } finally {
            unlock();
        }
    }

    public <T> T lockedIo(Errors.Work<T> work) throws IOException {
        lock.beginChange();
        try {
            return work.run();
        } finally {
            unlock();
        }
    }

    /** Runs work that changes the tree, after the operation that failed last, if any, was completed. */
    public <T> T change(Errors.Work<T> work) throws IOException {
        lock.beginChange();
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

    /**
     * As {@link #change(Errors.Work)}, of work that concerns these disks from the beginning. Waits for those that are being opened
     * before it takes the turn.
     */
    public <T> T change(Collection<VdiId> disks, Errors.Work<T> work) throws IOException {
        return changeOf(() -> leaves(disks), work);
    }

    /** As {@link #change(Collection, Errors.Work)}, of work that concerns these nodes. */
    public <T> T changeOf(Collection<Node> nodes, Errors.Work<T> work) throws IOException {
        List<String> files = nodes.stream().map(Node::name).toList();
        return changeOf(() -> files, work);
    }

    private <T> T changeOf(Supplier<List<String>> files, Errors.Work<T> work) throws IOException {
        lock.beginChange(files);
        try {
            return change(work);
        } finally {
            unlock();
        }
    }

    private List<String> leaves(Collection<VdiId> disks) {
        return disks.stream()
                .flatMap(disk -> tree.node(disk).stream())
                .map(Node::name)
                .toList();
    }

    /** What the operation did is seen from now on, all at once. */
    private void unlock() {
        boolean hasEnded = lock.endChange(() -> {
            seen = tree;
            doubtful = outdated || !commits.isAllWell();
        });
        if (hasEnded) {
            storage.giveBack();
        }
    }

    /**
     * As {@link #locked(Supplier)}, of work that changes only how one disk is used: it waits for the change under way only if that
     * concerns a file of the disk.
     */
    public <T> T locked(VdiId disk, Supplier<T> work) {
        lock.beginUse(disk, () -> files(disk));
        try {
            return work.get();
        } finally {
            lock.endUse();
        }
    }

    /**
     * As {@link #locked(VdiId, Supplier)}, of work that waits for something else, too, without the lock.
     *
     * @param mayBegin is asked under the lock, and again after each {@link #tell}
     */
    public <T> T locked(VdiId disk, BooleanSupplier mayBegin, Supplier<T> work) {
        lock.beginUse(disk, () -> files(disk), mayBegin);
        try {
            return work.get();
        } finally {
            lock.endUse();
        }
    }

    /** Changes something that others may wait for, under the tree lock, whatever changes. */
    public void tell(Runnable news) {
        lock.tell(news);
    }

    /** As {@link #locked(VdiId, Supplier)}, of work that may fail. */
    public <T> T lockedIo(VdiId disk, Errors.Work<T> work) throws IOException {
        lock.beginUse(disk, () -> files(disk));
        try {
            return work.run();
        } finally {
            lock.endUse();
        }
    }

    /**
     * As {@link #change(Errors.Work)}, of work that changes only how one disk is used: it waits for the change under way only if
     * that concerns a file of the disk, or if something failed that has to be completed first.
     */
    public <T> T change(VdiId disk, Errors.Work<T> work) throws IOException {
        lock.beginUse(disk, () -> files(disk));
        return use(work, lock::endUse, () -> change(work));
    }

    /**
     * As {@link #change(VdiId, Errors.Work)}, of work that opens the disk, and waits {@link #aside} for that. Until it ends, changes that
     * concern a file of the disk's chain wait, and so does who else wants the disk; so what it found out about the disk stays so.
     */
    public <T> T open(VdiId disk, Errors.Work<T> work) throws IOException {
        lock.beginOpening(disk, () -> files(disk));
        return use(work, lock::endOpening, () -> change(() -> openInTurn(disk, work)));
    }

    /** Others may open the disk meanwhile, for they need no turn once all is well. */
    private <T> T openInTurn(VdiId disk, Errors.Work<T> work) throws IOException {
        lock.beginOpening(disk, () -> files(disk));
        try {
            return work.run();
        } finally {
            lock.endOpening();
        }
    }

    private <T> T use(Errors.Work<T> work, Runnable end, Errors.Work<T> otherwise) throws IOException {
        IOException failure = null;
        try {
            if (!closed && !doubtful) {
                return work.run();
            }
        } catch (IOException e) {
            failure = e;
        } finally {
            end.run();
        }
        if (failure == null) {
            return otherwise.run();
        }
        lookAgainInTurn(failure);
        throw failure;
    }

    /** Returns how files are opened by what {@link #open} runs, or by a change that concerns the disk. */
    public Opening opening() {
        return new Opening() {
            @Override
            public void run(Step work) throws IOException {
                aside(work);
            }

            @Override
            public void opens(Collection<String> files) throws IOException {
                lock.opens(files);
            }
        };
    }

    private void lookAgainInTurn(IOException reason) {
        lock.beginChange();
        try {
            if (!closed) {
                lookAgain(reason);
            }
        } finally {
            unlock();
        }
    }

    /** Returns the files that a disk, or what stands for it, consists of; nothing if the disk is not known. */
    private Optional<Set<String>> files(VdiId disk) {
        Tree now = tree;
        return now.node(disk)
                .or(() -> now.anchor(kept.anchors(disk)))
                .map(leaf -> now.chain(leaf).stream().map(Node::name).collect(Collectors.toSet()));
    }

    /**
     * Tells which nodes the change under way concerns: until it ends nobody begins or ceases to use a disk that has one of them in
     * its chain, so whatever the change finds out from here on about how they are used stays so. Waits, without the tree lock, for
     * who opens such a disk.
     */
    public void concern(Collection<Node> nodes) {
        lock.concern(nodes.stream().map(Node::name).toList());
    }

    /** Waits, without the tree lock, until no disk is being opened. To be called by a change that concerns all. */
    public void awaitOpenings() {
        lock.awaitOpenings();
    }

    /**
     * Takes a step of a change, or of what {@link #open opens} a disk, that takes long, without the tree lock. Meanwhile disks can be
     * attached and detached that the change does not {@link #concern}; nothing else of the SR is changed by others than the change.
     *
     * @param step touches nothing that is guarded by the tree lock
     */
    public void aside(Aside.Step step) throws IOException {
        lock.aside(step);
    }

    /** As {@link #aside}, of a step that finds out something. */
    public <T> T lookAside(Aside.Look<T> look) throws IOException {
        Aside aside = this::aside;
        return aside.get(look);
    }

    /** Deletes the file of a node, durably. To be called under the lock; what takes long of it is done without. */
    public void delete(String node) throws IOException {
        aside(() -> {
            storage.delete(node);
            storage.syncNames();
        });
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
        outdated |= commits.complete();
        if (outdated) {
            boolean all = completeRewrites();
            rescan();
            outdated = !all;
        }
        doubtful = outdated;
    }

    private boolean completeRewrites() throws IOException {
        List<String> files = lookAside(() -> PendingRewrites.files(storage));
        lock.concern(files);
        return lookAside(() -> PendingRewrites.complete(storage, files));
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
     * <p>Each step must be durable before the next, what is recorded was decided by the tree as it is, and there is one record:
     * so other changes of the same SR wait for the syncs of this. Attaching and detaching of disks that it does not concern
     * waits only for what it does in memory: see {@link #aside}.
     *
     * @throws IOException if the operation did not happen, or not yet; the message tells which
     * @throws StuckException if it did not happen, but recovery will complete it at the next attach
     */
    public void commit(Operation operation, LiveSteps live) throws IOException {
        commits.commit(operation, live);
    }

    /** Whether an operation is recorded, or may be: it will happen then. */
    public boolean isBound() {
        return commits.isBound();
    }

    /** Returns what failed and has to be completed before anything can change; empty if nothing has. */
    public Optional<String> unfinished() {
        return commits.unfinished();
    }

    /** Refuses all changes from now on, since the SR is let go of; returns when no disk is being opened any more. */
    public void close() {
        closed = true;
        lock.awaitOpenings();
    }

    /** Refuses all changes from now on. */
    public void stuck(String reason) {
        commits.stuck(reason);
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

    /** Looks at some files again, aside: files that the change under way concerns, or of which nobody knew. */
    public void refresh(Collection<String> names) throws IOException {
        Tree before = tree;
        tree = lookAside(() -> scanner.refresh(before, names)
                .withOrphans(Orphans.read(storage))
                .withAnchors(kept.anchors())
                .withReplaced(seenFiles.replaced()));
    }

    /**
     * Looks at and into the files that changed since the last look, whoever changed them.
     *
     * @param files is asked under the lock
     * @param aside may be this change's: disks that are attached and detached meanwhile go by what was known before, and what was seen
     *     in their files does not count
     */
    public void update(OpenFiles files, Aside aside) throws IOException {
        Tree before = tree;
        tree = looked(() -> before, files, aside);
    }

    /** As {@link #update}, of all files, as if none had ever been looked at. */
    public void rescan(OpenFiles files, Aside aside) throws IOException {
        tree = looked(watch::scan, files, aside);
        outdated = false;
    }

    private Tree looked(Aside.Look<Tree> before, OpenFiles files, Aside aside) throws IOException {
        Set<String> open = files.beginNoting();
        TreeWatch.Findings found;
        Set<String> opened;
        try {
            found = aside.get(() -> watch.look(before.take(), open));
        } finally {
            opened = files.endNoting();
        }
        Tree known = watch.take(found, opened);
        return aside.get(() -> compared(known));
    }

    private Tree compared(Tree files) throws IOException {
        outside = outsiders.look();
        return seenFiles.compare(withOutside(files));
    }

    /** Takes a file as the disk that it is not, or not for sure. To be called by a change that concerns it. */
    public void accept(String file) throws IOException {
        Tree before = tree;
        tree = lookAside(() -> {
            seenFiles.forget(List.of(file));
            return seenFiles.compare(before);
        });
    }

    /**
     * Notes what the files are now, as far as that is not half-way between two states. To be called by who has the turn. If it
     * fails the note stays what it is; it can be done the next time as well.
     *
     * @param always also if nothing changed
     */
    public void noteFiles(boolean always) {
        try {
            if (!isBound() && !commits.isStuck()) {
                seenFiles.write(tree, always);
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("seen-files-not-noted", "cause", e.getMessage()));
        }
    }

    /**
     * Looks again which files that are no nodes build on nodes, and which base copies are proven to be needed by nobody. To be
     * called under the lock, before a node is deleted or merged; there may be thousands of files, so it is looked {@link #aside}.
     *
     * @param concerned the nodes of which the change knows already how they are used, see {@link #concern}
     */
    public void lookOutside(Collection<Node> concerned) throws IOException {
        concern(concerned);
        Tree before = tree;
        tree = lookAside(() -> {
            outside = outsiders.look();
            return withOutside(before);
        });
    }

    private Tree withOutside(Tree files) throws IOException {
        return files.withOutsiders(outside).withOrphans(Orphans.read(storage)).withAnchors(kept.anchors());
    }

    /** Forgets the proofs that what is there now refutes: they must not count when it goes away again. */
    public void forgetRefutedOrphans() throws IOException {
        Tree before = tree;
        tree = lookAside(() -> {
            Orphans.forget(storage, before.refutedOrphans());
            return before.withOrphans(Orphans.read(storage));
        });
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
            aside(() -> Remove.of(operation.node(), operation.records()).apply(storage));
        }
    }

    /** Looks at all files again, aside; into none. */
    private void rescan() throws IOException {
        tree = lookAside(() -> compared(watch.scan()));
        outdated = false;
    }
}
