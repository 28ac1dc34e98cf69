package io.catena.sr.live;

import io.catena.disk.Chain;
import io.catena.disk.LiveDisk;
import io.catena.sr.tree.Opening;
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
     * Returns how an active disk goes on with its leaf upon another parent; closed by the caller.
     *
     * @param opening of a change that concerns the disk
     */
    public Rebase rebase(Attachment attachment, Opening opening) {
        return new Rebase(nodes, attachment, opening);
    }

    /** Returns how an active disk becomes larger. */
    public LiveGrowth growth(Attachment attachment) {
        return new LiveGrowth(storage, nodes, attachment);
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
