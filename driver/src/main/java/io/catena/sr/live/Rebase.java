package io.catena.sr.live;

import io.catena.disk.Chain;
import io.catena.disk.LiveDisk;
import io.catena.log.LogLine;
import io.catena.op.Compose;
import io.catena.sr.tree.Aside;
import io.catena.sr.tree.LiveSteps;
import io.catena.sr.tree.Opening;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;

/**
 * Lets an attached disk go on with its leaf upon another parent, when that becomes its base copy.
 *
 * <ol>
 *   <li>Before anything is recorded ({@link #open}), while requests run: open the parent with all its ancestors, aside. Flush: what was
 *       written before is durable. See to it that no zeros are left out of the leaf any more, and that requests have ended that
 *       may have done so. Whoever calls this looks then whether some were.
 *   <li>While requests are held back, go on with the new chain, in memory ({@link #cut}). Nothing is read, written or synced for
 *       that. The disk shows from here on what it will show after a recovery.
 *   <li>While requests run, take the steps of {@link Compose}. The link is written where nothing else is ever written, by who
 *       opens the leaf anew: if that fails, the disk's own file is not harmed.
 *   <li>Let go of the nodes on which the leaf was before ({@link #goOn}).
 * </ol>
 *
 * <p>A kill or a power cut before the record finds the disk as it was; after it the operation happens. A write that was
 * answered meanwhile is in the leaf, or its redo log, with either parent.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class Rebase implements LiveSteps, AutoCloseable {
    private static final Logger LOG = System.getLogger(Rebase.class.getName());

    private final OpenNodes nodes;
    private final Opening opening;
    private final Attachment attachment;
    private final LiveDisk disk;
    private final boolean keptZeros;
    private List<Chain.Node> ancestors = List.of();

    /** The nodes below the leaf before; empty until the cut. */
    private List<Chain.Node> left = List.of();

    private boolean hasCut;

    Rebase(OpenNodes nodes, Attachment attachment, Opening opening) {
        this.nodes = nodes;
        this.opening = opening;
        this.attachment = attachment;
        this.disk = attachment.disk();
        this.keptZeros = attachment.zeros().areKept();
    }

    /**
     * Makes ready; if that fails {@link #close} is to be called all the same.
     *
     * @param parent on which the leaf is to be
     */
    public void open(String parent) throws IOException {
        ancestors = nodes.open(parent, false, opening);
        opening.run(disk::flush);
        attachment.zeros().keep(true);
        opening.run(() -> disk.alone(() -> {}));
    }

    @Override
    public void cut(Aside aside) throws IOException {
        try (LiveDisk.Pause pause = aside.get(disk::pause)) {
            List<Chain.Node> present = pause.chain().nodes();
            List<Chain.Node> chain = new ArrayList<>(present.subList(0, 1));
            chain.addAll(ancestors);
            pause.replace(new Chain(chain));
            left = present.subList(1, present.size());
        }
        hasCut = true;
    }

    /** What had to be durable is so since before the operation was recorded. */
    @Override
    public void settle(Aside aside) {}

    @Override
    public void goOn(Aside aside) {
        List<Chain.Node> dropped = left;
        left = List.of();
        try {
            nodes.releaseAll(dropped);
        } catch (IOException e) {
            // Its files are read only; what matters is done.
            LOG.log(Level.WARNING, LogLine.of("nodes-not-closed", "vdi", attachment.vdi(), "cause", e.getMessage()));
        }
    }

    /** Lets zeros be left out again as before, and lets go of the new parent if the disk does not go on with it. */
    @Override
    public void close() throws IOException {
        attachment.zeros().keep(keptZeros);
        if (!hasCut) {
            nodes.releaseAll(ancestors);
        }
    }
}
