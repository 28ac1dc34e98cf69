package io.catena.sr.open;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.Uuids;
import io.catena.api.VdiId;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.live.FilesBehind;
import io.catena.sr.record.Errors;
import io.catena.sr.record.SrFiles;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.record.VdiRecords;
import io.catena.sr.tree.ChainBudget;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.SrTree;
import io.catena.sr.tree.Tree;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Finds the nodes of disks for operations, which run one after another.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only, but for {@link #record}, which needs none.
 */
public final class SrView {
    private final SrId sr;
    private final SrTree tree;
    private final VdiRecords records;
    private final FilesBehind behind;

    SrView(SrId sr, SrTree tree, VdiRecords records, FilesBehind behind) {
        this.sr = sr;
        this.tree = tree;
        this.records = records;
        this.behind = behind;
    }

    /** Returns the node of a disk whose chain is whole and holds all that was written. */
    public Node usableVdi(VdiId id) {
        Node node = wholeVdi(id);
        List<Node> chain = tree.now().chain(node);
        refuseLoss(id, chain);
        catchUp(id, chain);
        return node;
    }

    /** As {@link #usableVdi}, of a disk that is opened for writing next, and takes over what is in its redo log then. */
    public Node writableVdi(VdiId id) {
        Node node = wholeVdi(id);
        List<Node> chain = tree.now().chain(node);
        refuseLoss(id, chain);
        catchUp(id, chain.subList(1, chain.size()));
        return node;
    }

    private void refuseLoss(VdiId id, List<Node> chain) {
        Optional<String> loss = behind.lostIn(chain);
        if (loss.isPresent()) {
            throw new SrException(SrError.VDI_UNAVAILABLE, "VDI " + id + " cannot be used: " + loss.get())
                    .correction(
                            "Start the agent with the run directory that it had, or put the file back that was there, and"
                                    + " attach the SR again; or go on without what was written: ",
                            acceptLoss(sr.toString()));
        }
    }

    static Remedy acceptLoss(String sr) {
        return Remedy.of(Verb.SR_CHECK, sr).with("repair").with("acceptLoss");
    }

    private void catchUp(VdiId id, List<Node> chain) {
        try {
            if (behind.isBehind(chain)) {
                tree.aside(() -> behind.catchUp(chain));
            }
        } catch (IOException e) {
            throw Errors.of("VDI " + id + " cannot be used before what was written to it last is in its file", e);
        }
    }

    /**
     * Makes sure that a disk's file is what it was, and that no other file claims to be the disk, before anything is written
     * to either.
     *
     * @throws SrException with {@link SrError#VDI_UNAVAILABLE} if it is not so
     */
    public void refuseContradiction(Node node) {
        refuse(tree.now().contradiction(node));
    }

    /**
     * Makes sure that a disk's file is what it was.
     *
     * @throws SrException with {@link SrError#VDI_UNAVAILABLE} if it is not
     */
    public void refuseReplacement(Node node) {
        refuse(tree.now().replacement(node));
    }

    private void refuse(Optional<String> contradiction) {
        if (contradiction.isPresent()) {
            throw new SrException(SrError.VDI_UNAVAILABLE, contradiction.get())
                    .correction(Contradictions.cure(sr.toString()));
        }
    }

    /**
     * Returns the base copy that tells what changed since a snapshot whose data was given up; empty if nothing does any more.
     */
    public Optional<Node> anchor(VdiId snapshot) {
        Optional<Node> anchor = tree.now().anchor(tree.kept().anchors(snapshot));
        if (anchor.isPresent() && tree.now().problem(anchor.get()).isPresent()) {
            return Optional.empty();
        }
        anchor.ifPresent(node -> {
            List<Node> chain = tree.now().chain(node);
            refuseLoss(snapshot, chain);
            catchUp(snapshot, chain);
        });
        return anchor;
    }

    /** Whether a disk is a snapshot whose data was given up. */
    public boolean hasNoData(VdiId id) {
        return hasNoData(tree.now(), id);
    }

    boolean hasNoData(Tree now, VdiId id) {
        return tree.kept().has(id) && now.node(id).isEmpty();
    }

    private Node wholeVdi(VdiId id) {
        Node node = visible(id);
        Optional<String> problem = tree.now().problem(node);
        if (problem.isPresent()) {
            throw new SrException(SrError.VDI_UNAVAILABLE, "VDI " + id + " cannot be used: " + problem.get())
                    .correction(Errors.lookAtFile(node.name()));
        }
        return node;
    }

    /** Returns the node of a disk. */
    public Node visible(VdiId id) {
        return visible(tree.now(), id);
    }

    Node visible(Tree now, VdiId id) {
        if (hasNoData(now, id)) {
            throw new SrException(
                            SrError.VDI_TYPE,
                            "The data of snapshot " + id + " was given up; it tells only what changed" + " since")
                    .correction("Use another snapshot: ", Remedy.of(Verb.VDI_LS, sr));
        }
        return now.node(id)
                .filter(node -> !node.hidden())
                .orElseThrow(() -> new SrException(SrError.VDI_MISSING, "SR " + sr + " has no VDI " + id)
                        .correction("See what there is: ", Remedy.of(Verb.VDI_LS, sr)));
    }

    public VdiRecord record(Node node) {
        String stem = SrFiles.stem(node.name());
        return records.get(node.id(), Uuids.isUuid(stem) ? "" : stem);
    }

    /** Returns the record of a snapshot whose data was given up. */
    public VdiRecord record(VdiId withoutData) {
        return records.get(withoutData, "");
    }

    /** Whether a disk may not be written: it is a snapshot, or others build on it. */
    public boolean isReadOnly(Node node) {
        return isReadOnly(tree.now(), node);
    }

    boolean isReadOnly(Tree now, Node node) {
        return record(node).snapshotOf() != null || !now.children(node.name()).isEmpty();
    }

    /** Returns the warning for a disk's chain, if it comes near its limit. */
    public Optional<Advice> chainWarning(VdiId id, ChainBudget budget) {
        return tree.now().node(id).flatMap(node -> budget.warning(tree.now(), node));
    }
}
