package io.catena.sr.gc.plan;

import io.catena.api.DeletionGain;
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
import java.util.Optional;

/** Looks what a deletion would give back, but not for long. Safe for use by many threads. */
public final class DeletionGainLook {
    private static final Duration PATIENCE = Duration.ofMillis(500);

    private final Storage storage;
    private final SrTree tree;
    private final GcPlans plans;
    private final Looks looks;

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
        Told<Optional<DeletionGain>> told = new Told<>(looks, Optional.empty(), () -> Optional.of(look(vdi)));
        return told.now(PATIENCE)
                .orElseThrow(
                        () -> new SrException(SrError.TRY_AGAIN, "The files of VDI " + vdi + " were not read in time")
                                .correction("Ask again; what was read is remembered."));
    }

    private static Node node(Tree now, VdiId vdi) {
        return now.node(vdi)
                .filter(found -> !found.hidden())
                .orElseThrow(() -> new SrException(SrError.VDI_MISSING, "There is no VDI " + vdi));
    }

    /** A file that is looked at may go meanwhile, deleted or merged: then the tree is another, and is looked at again. */
    private DeletionGain look(VdiId vdi) throws IOException {
        while (true) {
            Tree now = tree.seen();
            try {
                return gain(now, node(now, vdi));
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
}
