package io.catena.sr.live;

import io.catena.disk.Chain;
import io.catena.disk.LiveDisk;
import io.catena.sr.tree.Aside;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Lets disks in use go on with other chains, while their requests are held back.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class ChainSwaps {
    private final Storage storage;
    private final OpenNodes nodes;
    private final DisksInUse disks;

    ChainSwaps(Storage storage, OpenNodes nodes, DisksInUse disks) {
        this.storage = storage;
        this.nodes = nodes;
        this.disks = disks;
    }

    /**
     * Closes the leaf of an attached disk while its requests wait, lets it be changed, and opens it anew.
     *
     * <ol>
     *   <li>Flush it, while requests run.
     *   <li>Hold the requests back, and close it. All that was answered is in the file, durably, or, if closing fails, in the redo log.
     *   <li>Change the file. What is left if the process dies here, recovery completes as for a disk that was not attached.
     *   <li>Complete what failed, open the file anew, and let the requests go on.
     * </ol>
     *
     * <p>Other disks are attached and detached meanwhile. Nobody opens this file, nor attaches or detaches its disk, since the change
     * concerns it; so what is known of it when the tree lock is given away holds until it is taken again.
     *
     * @param change changes the file, which nobody has open meanwhile
     * @param completion completes a change that failed, or takes it back
     * @param aside of a change that concerns the file
     * @throws IOException if the change failed; if the file cannot be opened again all requests of the disk fail, until it
     *     is detached and attached
     */
    public void reopen(Attachment attachment, Aside.Step change, Aside.Step completion, Aside aside)
            throws IOException {
        LiveDisk disk = attachment.disk();
        aside.run(disk::flush);
        try (LiveDisk.Pause pause = aside.get(disk::pause)) {
            List<Chain.Node> chain = new ArrayList<>(pause.chain().nodes());
            Chain.Node leaf = chain.get(0);
            IOException failure = null;
            try {
                nodes.release(leaf, aside);
                aside.run(change);
            } catch (IOException e) {
                failure = e;
            }
            try {
                chain.set(0, openAgain(leaf, completion, aside));
            } catch (IOException e) {
                failure = Failures.merge(failure, e);
                chain.set(
                        0,
                        nodes.enter(leaf.name(), new UnopenedLayer(leaf.layer().sizeBytes(), e)));
            }
            pause.replace(new Chain(chain));
            if (failure != null) {
                throw failure;
            }
        }
    }

    /** Tries twice: a guest would lose its disk. */
    private Chain.Node openAgain(Chain.Node leaf, Aside.Step completion, Aside aside) throws IOException {
        try {
            return completed(leaf, completion, aside);
        } catch (IOException e) {
            return completed(leaf, completion, aside);
        }
    }

    private Chain.Node completed(Chain.Node leaf, Aside.Step completion, Aside aside) throws IOException {
        aside.run(completion);
        ChainFile file = aside.get(() -> ChainFile.read(storage, leaf.name()));
        return nodes.openWritable(file, aside);
    }

    /** Returns how an active disk goes on with its leaf upon another parent; closed by the caller. */
    public Rebase rebase(Attachment attachment) {
        return new Rebase(storage, nodes, attachment);
    }

    /**
     * Lets all chains go on without nodes whose data another holds by now.
     *
     * @param holder that one as it is now; those who have it open see it as it was, until this returns. Null if it is open
     *     as it is already
     */
    public void dropFromChains(Set<String> names, @Nullable ChainFile holder) throws IOException {
        if (holder != null) {
            nodes.forget(holder.name());
        }
        for (LiveDisk disk : disks.all()) {
            if (disk.chain().nodes().stream().anyMatch(node -> names.contains(node.name()))) {
                dropFromChain(disk, names, holder);
            }
        }
    }

    private void dropFromChain(LiveDisk disk, Set<String> names, @Nullable ChainFile holder) throws IOException {
        List<Chain.Node> kept = new ArrayList<>();
        List<Chain.Node> dropped = new ArrayList<>();
        List<Chain.Node> shared = new ArrayList<>();
        try {
            for (Chain.Node node : disk.chain().nodes()) {
                if (holder != null && node.name().equals(holder.name())) {
                    dropped.add(node);
                    shared.add(nodes.share(holder));
                    kept.add(shared.get(0));
                } else {
                    (names.contains(node.name()) ? dropped : kept).add(node);
                }
            }
            try (LiveDisk.Pause pause = disk.pause()) {
                pause.replace(new Chain(kept));
            }
        } catch (IOException | RuntimeException e) {
            nodes.releaseAll(shared, e);
            throw e;
        }
        nodes.releaseAll(dropped);
    }

    /** Changes a file. */
    @FunctionalInterface
    public interface Change {
        void make() throws IOException;
    }
}
