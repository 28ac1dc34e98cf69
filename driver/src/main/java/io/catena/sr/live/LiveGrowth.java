package io.catena.sr.live;

import io.catena.disk.Chain;
import io.catena.disk.LiveDisk;
import io.catena.op.rewrite.HeaderGrowth;
import io.catena.sr.tree.Aside;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.FlatLayer;
import io.catena.vhd.Layer;
import io.catena.vhd.SparseLayer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes an attached disk larger.
 *
 * <ol>
 *   <li>Flush. A file of which a sync failed before does not grow until it is opened anew.
 *   <li>While requests run, of a sparse disk: {@link SparseLayer#makeRoom make room} for larger headers in its file. The disk is
 *       what it was at each moment.
 *   <li>While requests run, {@link SparseLayer#changeHeaders write the larger headers}, durably. From here on a recovery finds the
 *       larger disk, which nobody was told of yet. Of a flat disk, whose requests end before its footer: make its file longer, and
 *       write the footer there.
 *   <li>While requests are held back, go on with the size that the file has, in memory. Nothing is read, written or synced for
 *       that.
 * </ol>
 *
 * <p>A kill or a power cut leaves the one size or the other, and every answered write: the places of blocks, and what the redo log
 * tells of them, are the same with both. If the last step fails, since a request does not end, it is all that is left to do the
 * next time.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class LiveGrowth {
    private final Storage storage;
    private final OpenNodes nodes;
    private final LiveDisk disk;

    LiveGrowth(Storage storage, OpenNodes nodes, Attachment attachment) {
        this.storage = storage;
        this.nodes = nodes;
        this.disk = attachment.disk();
    }

    /**
     * Makes the disk larger.
     *
     * @param file its leaf, as it is in the storage
     * @param sizeBytes that it is to have, whole blocks
     * @param flat makes the file of a flat disk larger, durably, while what it holds is read and written
     * @param aside of a change that concerns the file
     * @throws IOException if it did not happen
     */
    public void grow(ChainFile file, long sizeBytes, Aside.Step flat, Aside aside) throws IOException {
        aside.run(disk::flush);
        Layer leaf = disk.chain().leaf().layer();
        if (file.sizeBytes() < sizeBytes) {
            if (leaf instanceof SparseLayer sparse) {
                growFile(sparse, new HeaderGrowth(storage, file, sizeBytes), aside);
            } else {
                aside.run(flat);
            }
        }
        if (disk.sizeBytes() < sizeBytes) {
            goOn(sizeBytes, aside);
        }
    }

    private void growFile(SparseLayer leaf, HeaderGrowth headers, Aside aside) throws IOException {
        try {
            aside.run(() -> growFile(leaf, headers));
        } catch (IOException e) {
            if (headers.isUnderWay()) {
                nodes.mustSettle(disk.chain().leaf().name());
                leaf.abandon(e);
            }
            throw e;
        }
    }

    private void growFile(SparseLayer leaf, HeaderGrowth headers) throws IOException {
        long end = headers.end();
        leaf.makeRoom(end, () -> disk.alone(() -> {}));
        leaf.changeHeaders(end, headers);
    }

    private void goOn(long sizeBytes, Aside aside) throws IOException {
        try (LiveDisk.Pause pause = aside.get(disk::pause)) {
            List<Chain.Node> chain = new ArrayList<>(pause.chain().nodes());
            Chain.Node leaf = chain.get(0);
            chain.set(0, nodes.become(leaf, grown(leaf, sizeBytes)));
            pause.replace(new Chain(chain));
        }
    }

    private static Layer grown(Chain.Node leaf, long sizeBytes) throws IOException {
        if (leaf.layer() instanceof SparseLayer sparse && sparse.isGrown()) {
            return sparse.grown();
        }
        if (leaf.layer() instanceof FlatLayer flat) {
            return flat.grown(sizeBytes);
        }
        throw new IOException(
                leaf.name() + ": something that was done with the disk before failed and could not be ended;"
                        + " detach the disk and attach it again");
    }
}
