package io.catena.sr.live;

import io.catena.disk.Chain;
import io.catena.disk.DiskBusyException;
import io.catena.log.LogLine;
import io.catena.op.Bytes;
import io.catena.op.Operation;
import io.catena.op.Relink;
import io.catena.sr.tree.Aside;
import io.catena.sr.tree.LiveSteps;
import io.catena.store.Storage;
import io.catena.vhd.ParentLink;
import io.catena.vhd.SparseLayer;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Set;

/**
 * Takes the base copy of an attached disk out of the tree, after the leaf was given all that it has.
 *
 * <ol>
 *   <li>Before: the leaf's data is durable. What the base copy has the leaf cannot lose any more, for a guest cannot give up a
 *       block of which the chain below has something.
 *   <li>Write the new link, through who has the leaf open, while requests run. With the one parent or the other the content is
 *       the same.
 *   <li>Go on without the base copy, in memory: see {@link ChainSwaps#dropFromChains}. If a request that hangs is in the way the
 *       disk goes on with it, until it is detached: it can be read as long as it is open.
 *   <li>Delete the base copy.
 * </ol>
 *
 * <p>If a step cannot be taken now the disk goes on as it was.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
final class FillEnd implements LiveSteps {
    private static final Logger LOG = System.getLogger(FillEnd.class.getName());

    private final OpenNodes nodes;
    private final ChainSwaps swaps;
    private final Chain.Node leaf;
    private final String baseCopy;

    /**
     * @param leaf of the disk, open for writing
     */
    FillEnd(OpenNodes nodes, ChainSwaps swaps, Chain.Node leaf, String baseCopy) {
        this.nodes = nodes;
        this.swaps = swaps;
        this.leaf = leaf;
        this.baseCopy = baseCopy;
    }

    @Override
    public void cut(Aside aside) {}

    @Override
    public void settle(Aside aside) {}

    @Override
    public void apply(Operation operation, Storage storage, Aside aside) throws IOException {
        Relink relink = (Relink) operation;
        if (nodes.isOpen(leaf)) {
            aside.run(() -> link(relink));
            dropBaseCopy(aside);
            aside.run(() -> relink.remove(storage));
        } else {
            // Detached since a step failed.
            aside.run(() -> relink.apply(storage));
        }
    }

    private void dropBaseCopy(Aside aside) throws IOException {
        try {
            swaps.dropFromChains(Set.of(baseCopy), null, aside);
        } catch (DiskBusyException e) {
            nodes.forget(baseCopy);
            LOG.log(Level.WARNING, LogLine.of("base-copy-stays-open", "node", baseCopy, "cause", e.getMessage()));
        }
    }

    private void link(Relink relink) throws IOException {
        List<ParentLink.Patch> patches = relink.children().stream()
                .flatMap(child -> child.patches().stream())
                .map(FillEnd::patch)
                .toList();
        ((SparseLayer) leaf.layer()).relink(patches);
    }

    private static ParentLink.Patch patch(Bytes bytes) {
        return new ParentLink.Patch(bytes.offset(), bytes.buffer());
    }
}
