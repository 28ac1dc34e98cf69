package io.catena.sr.live;

import io.catena.api.VdiId;
import io.catena.disk.Chain;
import io.catena.disk.ChainSwitch;
import io.catena.log.LogLine;
import io.catena.op.Absorb;
import io.catena.op.Operation;
import io.catena.sr.tree.Aside;
import io.catena.sr.tree.LiveSteps;
import io.catena.store.Storage;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Ends the moving of an attached disk's blocks after the last one: the base copy takes the leaf's place.
 *
 * <ol>
 *   <li>Before: the leaf is empty, durably, so that its file says nothing that its parent does not say.
 *   <li>Go on with the base copy alone, in memory ({@link #cut}): it is written already. Nothing is read, written or synced for that,
 *       and no request is waited for: those under way find the leaf as empty as those to come. A write to a block of the leaf cannot
 *       be under way, since blocks are given up while no request is.
 *   <li>While requests run, take the steps of {@link Absorb}. The hidden flag is taken from the base copy by who has it open and
 *       writes its footers. If the renaming fails the disk goes back to both files, in memory ({@link #goBack}).
 *   <li>Note the base copy's new name for its redo log. Remove that of the leaf, which is empty ({@link #goOn}).
 *   <li>When the requests and flushes have ended that began before the second step: close the leaf, whose file has no name any
 *       more, see {@link LeftNodes}. That may come after the operation, or never.
 * </ol>
 *
 * <p>A kill or a power cut finds the base copy under the one name or the other, with a redo log that goes with the file, and
 * the record of the operation. If a step cannot be taken now the disk goes on all the same.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class DrainEnd implements LiveSteps {
    private static final Logger LOG = System.getLogger(DrainEnd.class.getName());

    private final VdiId vdi;
    private final OpenNodes nodes;
    private final LeftNodes left;
    private final LeafDrain drain;
    private final Absorb operation;
    private final Map<VdiId, LeafDrain> drains;

    /** The base copy as the disk's leaf; open under the name that the file will have. */
    private final Chain.Node successor;

    /** How the disk went on with the base copy alone; null before that. */
    private @Nullable ChainSwitch cut;

    /**
     * @param drains has {@code drain} as long as it is not over
     */
    DrainEnd(
            VdiId vdi,
            OpenNodes nodes,
            LeftNodes left,
            LeafDrain drain,
            Absorb operation,
            Map<VdiId, LeafDrain> drains) {
        this.vdi = vdi;
        this.nodes = nodes;
        this.left = left;
        this.drain = drain;
        this.operation = operation;
        this.drains = drains;
        this.successor = new Chain.Node(operation.leaf(), drain.baseCopy().layer());
    }

    @Override
    public void cut(Aside aside) throws IOException {
        drain.checkIsDone();
        List<Chain.Node> chain = new ArrayList<>(List.of(successor));
        chain.addAll(drain.rest());
        cut = goOnWith(new Chain(chain), aside);
        nodes.renamed(drain.baseCopy(), operation.leaf());
        drains.remove(vdi);
    }

    private ChainSwitch goOnWith(Chain chain, Aside aside) throws IOException {
        List<ChainSwitch> one = ChainSwitch.prepared(List.of(new ChainSwitch.Change(drain.disk(), chain)));
        aside.run(() -> ChainSwitch.together(one, ChainSwaps.PATIENCE));
        return one.get(0);
    }

    /** What had to be durable is so since before the operation was recorded. */
    @Override
    public void settle(Aside aside) {}

    @Override
    public void apply(Operation recorded, Storage storage, Aside aside) throws IOException {
        aside.run(() -> operation.rename(storage));
        if (nodes.isOpen(successor)) {
            aside.run(drain::showBaseCopy);
            aside.run(() -> nodes.noteName(operation.leaf()));
        } else {
            // Detached since a step failed.
            aside.run(() -> operation.apply(storage));
        }
    }

    @Override
    public boolean goBack(Aside aside) {
        if (!nodes.isOpen(successor)) {
            return false;
        }
        try {
            goOnWith(drain.chain(), aside);
        } catch (IOException e) {
            return false;
        }
        nodes.renamed(successor, operation.baseCopy());
        nodes.enter(operation.leaf(), drain.leaf().layer());
        drains.put(vdi, drain);
        cut = null;
        return true;
    }

    @Override
    public void goOn(Aside aside) {
        ChainSwitch since = cut;
        if (since == null) {
            return;
        }
        cut = null;
        nodes.leave(drain.leaf());
        left.add(List.of(since), drain::closeLeaf);
        try {
            aside.run(() -> {
                drain.removeLeafLog();
                left.closeSoon();
            });
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("empty-log-not-removed", "node", vdi, "cause", e.getMessage()));
        }
    }
}
