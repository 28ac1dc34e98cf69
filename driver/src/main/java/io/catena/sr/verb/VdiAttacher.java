package io.catena.sr.verb;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Hold;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.disk.LiveDisk;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.live.Attachment;
import io.catena.sr.live.Holds;
import io.catena.sr.live.LeafZeros;
import io.catena.sr.open.OpenSr;
import io.catena.sr.record.Errors;
import io.catena.sr.record.MirrorMark;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Opening;
import io.catena.sr.tree.Tree;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiPredicate;

/**
 * Takes disks from detached to attached to active and back, if that is allowed: one holder writes, or many read.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only, but for {@link #leave}.
 */
public final class VdiAttacher {
    private final OpenSr sr;
    private final Holds holds;

    public VdiAttacher(OpenSr sr) {
        this.sr = sr;
        this.holds = sr.holds;
    }

    /** Reserves a disk, and tells where it will be served. To be run as {@link #activate} is. */
    public Export attach(VdiId id, String holder, AccessMode mode) {
        Node node = openable(id, mode);
        Optional<Hold> own = holds.get(id, holder);
        if (own.isPresent() && own.get().mode() != mode) {
            throw new SrException(
                            SrError.VDI_IN_USE, "VDI " + id + " is " + own.get().text())
                    .correction("Detach it first: ", Remedy.of(Verb.VDI_DETACH, id));
        }
        if (own.isEmpty()) {
            if (mode == AccessMode.READ_WRITE) {
                checkWritable(node);
            }
            Export export = holds.export(id).orElseGet(() -> sr.attachments.announce(id, mode));
            holds.add(new Hold(id, holder, mode, null), export);
        }
        return export(id);
    }

    /**
     * Opens a disk for I/O. To be run by {@link io.catena.sr.tree.SrTree#open}: whatever waits for the disk's storage does so without the
     * tree lock, and nothing else of the SR waits for it but what concerns the disk.
     *
     * <ol>
     *   <li>Under the tree lock, reserve the disk: wait for the change under way if that concerns a file of its chain, and for who opens the
     *       same disk. From here on a change that concerns one of the files waits, be it a cut, a merge or a deletion, and so does who wants
     *       to detach the disk, or to attach it once more.
     *   <li>Look whether it may be opened: what is found stays so until the end. A file that is behind its redo log catches up here, aside;
     *       there are some only after a disk failed or was full.
     *   <li>Aside, note in the record that its content changes; let garbage collection leave the leaf, and close it.
     *   <li>Open the files that are not open yet: see {@code OpenNodes.open}.
     *   <li>Aside, serve the disk. A guest may use it from here on, before the next step.
     *   <li>Under the tree lock, enter it as one that is in use, and note the holder. Give the reservation back.
     * </ol>
     *
     * <p>If one of them fails, what was opened is closed and the reservation given back; nothing was written to the disk's files. A kill
     * or a power cut finds them as they were, and redo logs that tell of nothing.
     */
    public Export activate(VdiId id, String holder, AccessMode mode) throws IOException {
        Node node = openable(id, mode);
        Hold own = holds.get(id, holder)
                .orElseThrow(() -> new SrException(
                                SrError.VDI_UNAVAILABLE,
                                "VDI " + id + " is not attached"
                                        + (holder.equals(Hold.HOST) ? "" : " for \"" + holder + "\""))
                        .correction("Attach it first: ", Remedy.of(Verb.VDI_ATTACH, id)));
        if (own.active() != mode) {
            checkStays(id);
            check(own, mode);
            if (mode == AccessMode.READ_WRITE) {
                checkWritable(node);
                sr.use.checkNotRead(id);
                sr.tree.aside(() -> sr.records.contentChanges(id, sr.view.record(node)));
            }
            if (sr.attachments.get(id).isEmpty()) {
                open(node, mode);
            }
            holds.activate(own, mode);
        }
        return export(id);
    }

    private void open(Node node, AccessMode mode) throws IOException {
        boolean keepsZeros = MirrorMark.isIn(sr.view.record(node).allKeys());
        Opening opening = sr.tree.opening();
        LeafZeros zeros = opening.get(() -> sr.zeros.of(node.id(), keepsZeros));
        sr.attachments.attach(node.id(), node.name(), mode, zeros, opening);
        sr.behind.opened(node.name());
    }

    private Node openable(VdiId id, AccessMode mode) {
        return mode == AccessMode.READ_WRITE ? sr.view.writableVdi(id) : sr.view.usableVdi(id);
    }

    /** Does both, or neither; to be run as {@link #activate} is. The hold shows from the reservation on. */
    public Export attachAndActivate(VdiId id, String holder, AccessMode mode) throws IOException {
        boolean isNew = holds.get(id, holder).isEmpty();
        attach(id, holder, mode);
        try {
            return activate(id, holder, mode);
        } catch (IOException | RuntimeException e) {
            if (isNew) {
                detach(id, holder);
            }
            throw e;
        }
    }

    /**
     * Runs what ends the I/O of a holder. If he is the last, his clients are sent away before, and garbage collection leaves the disk,
     * without the tree lock: that takes as long as they do, and a slow disk.
     *
     * <ol>
     *   <li>Note that the disk is leaving: nobody activates it from here on, and no merge of its leaf begins.
     *   <li>Flush it: if there is no room for what was written last it goes on.
     *   <li>Send the clients away.
     *   <li>End the rounds of a merge of its leaf. The chain on disk is right at every moment.
     *   <li>Make the files complete that were written: all is durable, the footers are there, and the redo log knows of nothing. A kill or
     *       a power cut finds them as they are to be; if this fails they are what they were.
     *   <li>Under the tree lock, close the chain. Of the files there is nothing left to write or sync, unless another change of the
     *       disk came between or something failed: then that is done here, and what fails is told. Remove the redo log, and close the
     *       files.
     * </ol>
     *
     * <p>The disk stays what it is to all others until the last step: who cuts or resizes it meanwhile does so as with any disk in use, and
     * the files that it has then are closed.
     *
     * <p>Of two who end the same at once the second waits for the first. He has nothing left to do then, also if the holder has begun
     * anew meanwhile: what begins after something was to end is not ended by it.
     *
     * @param isMeant tells of the hold as it was when this was called, and as it is, whether that is still to end
     * @param ending takes the tree lock
     * @throws SrException with {@link SrError#SR_NO_SPACE} if what was written last has no room in the files; then nothing has
     *     ended, and the clients are served
     */
    public void leave(VdiId id, String holder, BiPredicate<Holds.Since, Holds.Since> isMeant, Runnable ending) {
        Holds.Since asked = holds.since(id, holder);
        Optional<Attachment> last = sr.tree.locked(id, () -> mayLeave(id, holder), () -> {
            boolean isLeft = !isMeant.test(asked, holds.since(id, holder));
            return isLeft ? Optional.empty() : beginLeaving(id, holder, ending);
        });
        if (last.isEmpty()) {
            return;
        }
        try {
            refuseIfFull(id, last.get().disk());
            sr.attachments.withdraw(id);
            endRounds(id);
            last.get().disk().complete();
            ending.run();
            sr.attachments.closeLeft(Duration.ZERO);
        } finally {
            sr.tree.tell(() -> sr.attachments.stay(id));
        }
    }

    private boolean mayLeave(VdiId id, String holder) {
        return !sr.attachments.isLeaving(id)
                || holds.get(id, holder).filter(hold -> hold.active() != null).isEmpty();
    }

    /** Returns the disk if he is the last who has it; else he can leave at once. */
    private Optional<Attachment> beginLeaving(VdiId id, String holder, Runnable ending) {
        Optional<Attachment> active = isLastActive(id, holder) ? sr.attachments.get(id) : Optional.empty();
        active.ifPresentOrElse(leaving -> sr.attachments.leave(id), ending);
        return active;
    }

    /**
     * Lets garbage collection leave a disk that is about to be closed. To be called without the tree lock: a round of a merge takes as
     * long as the disk does. What the merge has to do at its end is done by itself or by who closes the disk, whoever comes first.
     */
    private void endRounds(VdiId id) {
        sr.tree.locked(id, () -> sr.attachments.leaves().endOfRounds(id)).run();
    }

    /**
     * What else fails is found when the disk is closed: that must be possible with files that cannot be written any more. So must
     * it if the disk failed for good before, of which the failure now is a consequence: only to close it helps then.
     */
    private static void refuseIfFull(VdiId id, LiveDisk disk) {
        try {
            if (!disk.readOnly()) {
                disk.flush();
            }
        } catch (IOException e) {
            if (Errors.isNoSpace(e) && e.getCause() == null) {
                throw Errors.of(
                        "VDI " + id + " stays attached, since what was written to it last cannot be made durable", e);
            }
        }
    }

    private boolean isLastActive(VdiId id, String holder) {
        List<Hold> active =
                holds.of(id).stream().filter(hold -> hold.active() != null).toList();
        return active.size() == 1 && active.get(0).holder().equals(holder);
    }

    /** Ends the I/O of a holder, after all writes are on disk; the chain is closed with the last one. */
    public void deactivate(VdiId id, String holder) throws IOException {
        Optional<Hold> own = holds.get(id, holder).filter(hold -> hold.active() != null);
        if (own.isEmpty()) {
            return;
        }
        boolean isLast = isLastActive(id, holder);
        try {
            if (isLast) {
                close(id);
            }
        } finally {
            if (!isLast || sr.attachments.get(id).isEmpty()) {
                holds.activate(own.get(), null);
            }
        }
    }

    private void close(VdiId id) throws IOException {
        try {
            sr.attachments.detach(id);
        } catch (IOException e) {
            Tree tree = sr.tree.now();
            Optional<Node> leaf = tree.node(id);
            if (leaf.isPresent()) {
                sr.behind.note(tree.chain(leaf.get()));
            }
            throw e;
        }
    }

    /** Gives a disk up, for a holder; also if its last writes failed, since the redo log has them. */
    public void detach(VdiId id, String holder) throws IOException {
        try {
            deactivate(id, holder);
        } finally {
            Optional<Hold> own = holds.get(id, holder).filter(hold -> hold.active() == null);
            if (own.isPresent() && holds.remove(own.get())) {
                sr.attachments.conceal(id);
            }
        }
    }

    private void checkStays(VdiId id) {
        if (sr.attachments.isLeaving(id)) {
            throw new SrException(SrError.TRY_AGAIN, "VDI " + id + " is being deactivated")
                    .correction(
                            "Try again when that has ended; it waits for the disk's clients for half a minute at most.");
        }
    }

    private void check(Hold own, AccessMode mode) {
        VdiId id = own.vdi();
        if (own.active() != null) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + id + " is " + own.text())
                    .correction("Deactivate it first: ", Remedy.of(Verb.VDI_DEACTIVATE, id));
        }
        if (mode == AccessMode.READ_WRITE && own.mode() == AccessMode.READ_ONLY) {
            throw new SrException(
                            SrError.BAD_REQUEST, "VDI " + id + " is " + own.text() + ", and cannot be activated rw")
                    .correction("Detach it and attach it for writing: ", Remedy.of(Verb.VDI_DETACH, id));
        }
        for (Hold other : holds.of(id)) {
            boolean excludes = mode == AccessMode.READ_WRITE || other.active() == AccessMode.READ_WRITE;
            if (other.active() != null && excludes) {
                throw new SrException(SrError.VDI_IN_USE, "VDI " + id + " is " + other.text())
                        .correction("One holder writes, or many read: deactivate it there first.");
            }
        }
    }

    /**
     * A disk that this host served for writing before its agent was started anew is served again, if its record leaves no
     * doubt which file it is: whoever can put a copy into the directory must not be able to stop a guest by that.
     */
    private void checkWritable(Node node) {
        boolean isServedAgain =
                sr.restored.contains(node.id()) && sr.view.record(node).isOf(node.name());
        if (isServedAgain) {
            sr.view.refuseReplacement(node);
        } else {
            sr.view.refuseContradiction(node);
        }
        if (sr.view.isReadOnly(node)) {
            throw new SrException(
                            SrError.VDI_TYPE,
                            "VDI " + node.id() + " is a snapshot or the parent of other disks, and can only be read")
                    .correction(Advice.of("Attach it for reading: ")
                            .then(Remedy.of(Verb.VDI_ATTACH, node.id()).with("readOnly"))
                            .then("; or make a writable copy: ")
                            .then(Remedy.of(Verb.VDI_CLONE, node.id())));
        }
    }

    /** Returns where a disk that is attached is served, in the mode that it has now. */
    private Export export(VdiId id) {
        return Objects.requireNonNull(sr.attachments
                .get(id)
                .map(Attachment::export)
                .or(() -> holds.export(id))
                .orElse(null));
    }
}
