package io.catena.sr.verb;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Hold;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.live.Attachment;
import io.catena.sr.live.Holds;
import io.catena.sr.open.OpenSr;
import io.catena.sr.record.Errors;
import io.catena.sr.record.MirrorMark;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import io.catena.vhd.ChainFile;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Takes disks from detached to attached to active and back, if that is allowed: one holder writes, or many read.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class VdiAttacher {
    private final OpenSr sr;
    private final Holds holds;

    public VdiAttacher(OpenSr sr) {
        this.sr = sr;
        this.holds = sr.holds;
    }

    /** Reserves a disk, and tells where it will be served. */
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

    /** Opens a disk for I/O. */
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
                sr.records.contentChanges(id, sr.view.record(node));
            }
            if (sr.attachments.get(id).isEmpty()) {
                boolean keepsZeros = MirrorMark.isIn(sr.view.record(node).allKeys());
                ChainFile leaf = ChainFile.read(sr.storage, node.name());
                sr.attachments.attach(id, leaf, mode, sr.zeros.of(id, keepsZeros));
                sr.behind.opened(node.name());
            }
            holds.activate(own, mode);
        }
        return export(id);
    }

    private Node openable(VdiId id, AccessMode mode) {
        return mode == AccessMode.READ_WRITE ? sr.view.writableVdi(id) : sr.view.usableVdi(id);
    }

    /** Does both, or neither. */
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
     * @param ending takes the tree lock
     * @throws SrException with {@link SrError#SR_NO_SPACE} if what was written last has no room in the files; then nothing has
     *     ended, and the clients are served
     */
    public void leave(VdiId id, String holder, Runnable ending) {
        refuseIfFull(id, holder);
        Optional<Attachment> last = sr.tree.locked(id, () -> {
            Optional<Attachment> active = isLastActive(id, holder) ? sr.attachments.get(id) : Optional.empty();
            active.ifPresent(leaving -> sr.attachments.leave(id));
            return active;
        });
        if (last.isEmpty()) {
            ending.run();
            return;
        }
        try {
            sr.attachments.withdraw(id);
            endRounds(id);
            last.get().disk().complete();
            ending.run();
        } finally {
            sr.attachments.stay(id);
        }
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
    private void refuseIfFull(VdiId id, String holder) {
        Optional<Attachment> written = sr.tree.locked(
                id,
                () -> isLastActive(id, holder)
                        ? sr.attachments.get(id).filter(active -> !active.disk().readOnly())
                        : Optional.empty());
        try {
            if (written.isPresent()) {
                written.get().disk().flush();
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
