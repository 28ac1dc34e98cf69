package io.catena.sr.live;

import io.catena.disk.Chain;
import io.catena.op.Bytes;
import io.catena.op.Operation;
import io.catena.op.Relink;
import io.catena.sr.tree.Aside;
import io.catena.sr.tree.LiveSteps;
import io.catena.store.Storage;
import io.catena.vhd.ParentLink;
import io.catena.vhd.SparseLayer;
import java.io.IOException;
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
 *   <li>While requests are held back, go on without the base copy, in memory.
 *   <li>Delete the base copy.
 * </ol>
 *
 * <p>If a step cannot be taken now the disk goes on as it was.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
final class FillEnd implements LiveSteps {
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
    public void cut() {}

    @Override
    public void settle(Aside aside) {}

    @Override
    public void apply(Operation operation, Storage storage, Aside aside) throws IOException {
        Relink relink = (Relink) operation;
        if (nodes.isOpen(leaf)) {
            aside.run(() -> link(relink));
            swaps.dropFromChains(Set.of(baseCopy), null);
            aside.run(() -> relink.remove(storage));
        } else {
            // Detached since a step failed.
            aside.run(() -> relink.apply(storage));
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
