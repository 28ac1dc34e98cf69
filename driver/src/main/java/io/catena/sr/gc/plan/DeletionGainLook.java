package io.catena.sr.gc.plan;

import io.catena.api.DeletionGain;
import io.catena.api.JointGain;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.sr.job.Looks;
import io.catena.sr.job.Told;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.SrTree;
import io.catena.sr.tree.Tree;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.BitSet;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Looks what a deletion would give back, but not for long. Safe for use by many threads. */
public final class DeletionGainLook {
    private static final Duration PATIENCE = Duration.ofMillis(500);

    private final Storage storage;
    private final SrTree tree;
    private final GcPlans plans;
    private final Looks looks;

    /** Tells something of a tree. */
    @FunctionalInterface
    private interface Look<T> {
        T at(Tree tree) throws IOException;
    }

    public DeletionGainLook(Storage storage, SrTree tree, GcPlans plans, Looks looks) {
        this.storage = storage;
        this.tree = tree;
        this.plans = plans;
        this.looks = looks;
    }

    /**
     * Returns what a disk takes alone. What files hold is read from them the first time: a disk that hangs must not keep who
     * asks.
     *
     * @throws SrException {@link SrError#VDI_MISSING} if there is none; {@link SrError#TRY_AGAIN} if its files were not read in
     *     time
     */
    public DeletionGain of(VdiId vdi) throws IOException {
        Tree now = tree.seen();
        if (now.node(vdi).isEmpty() && tree.kept().has(vdi)) {
            return new DeletionGain(vdi, 0, 0);
        }
        node(now, vdi);
        return inTime("VDI " + vdi, seen -> gain(seen, node(seen, vdi)));
    }

    /** As {@link #of(VdiId)}, of several that are deleted. */
    public JointGain of(Collection<VdiId> vdis) throws IOException {
        Tree now = tree.seen();
        Set<VdiId> withNodes = new LinkedHashSet<>(vdis);
        withNodes.removeIf(vdi -> now.node(vdi).isEmpty() && tree.kept().has(vdi));
        withNodes.forEach(vdi -> node(now, vdi));
        return inTime("the disks", seen -> joint(seen, withNodes));
    }

    private <T> T inTime(String whose, Look<T> look) throws IOException {
        Told<Optional<T>> told = new Told<>(looks, Optional.empty(), () -> Optional.of(settled(look)));
        return told.now(PATIENCE)
                .orElseThrow(
                        () -> new SrException(SrError.TRY_AGAIN, "The files of " + whose + " were not read in time")
                                .correction("Ask again; what was read is remembered."));
    }

    private static Node node(Tree now, VdiId vdi) {
        return now.node(vdi)
                .filter(found -> !found.hidden())
                .orElseThrow(() -> new SrException(SrError.VDI_MISSING, "There is no VDI " + vdi));
    }

    /** A file that is looked at may go meanwhile, deleted or merged: then the tree is another, and is looked at again. */
    private <T> T settled(Look<T> look) throws IOException {
        while (true) {
            Tree now = tree.seen();
            try {
                return look.at(now);
            } catch (NoSuchFileException e) {
                // Whoever deletes a file does so under the lock, and lets others see the new tree when he leaves it.
                if (tree.lockedIo(tree::seen) == now) {
                    throw e;
                }
            }
        }
    }

    private DeletionGain gain(Tree now, Node node) throws IOException {
        if (now.problem(node).isPresent()) {
            boolean goes = now.children(node.name()).isEmpty();
            return new DeletionGain(node.id(), goes ? storage.info(node.name()).allocatedBytes() : 0, 0);
        }
        return new DeletionGains(now, plans::cost).of(node);
    }

    private JointGain joint(Tree now, Set<VdiId> vdis) throws IOException {
        List<Node> disks = vdis.stream().map(vdi -> node(now, vdi)).toList();
        return new JointGains(now, node -> cost(now, node), disks).gain();
    }

    /** What a broken node holds is not looked into. */
    private NodeCost cost(Tree now, Node node) throws IOException {
        return now.problem(node).isPresent()
                ? new NodeCost(storage.info(node.name()).allocatedBytes(), new BitSet(), 0, 0)
                : plans.cost(node);
    }
}
