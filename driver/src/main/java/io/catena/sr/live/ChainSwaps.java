package io.catena.sr.live;

import io.catena.disk.Chain;
import io.catena.disk.ChainSwitch;
import io.catena.disk.DiskBusyException;
import io.catena.disk.LiveDisk;
import io.catena.sr.tree.Aside;
import io.catena.sr.tree.Opening;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Lets disks in use go on with other chains.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class ChainSwaps {
    /** A request that is alone with its disk's chain takes a moment, or one write; other changes of the SR wait as long. */
    static final Duration PATIENCE = Duration.ofSeconds(2);

    private final Storage storage;
    private final OpenNodes nodes;
    private final DisksInUse disks;
    private final LeftNodes left;

    ChainSwaps(Storage storage, OpenNodes nodes, DisksInUse disks, LeftNodes left) {
        this.storage = storage;
        this.nodes = nodes;
        this.disks = disks;
        this.left = left;
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

    /** The next chain of a disk, and what it has no more. */
    private record Drop(LiveDisk disk, List<Chain.Node> kept, List<Chain.Node> dropped) {}

    /**
     * Lets all chains go on without nodes whose data another holds by now; all of them do, or none.
     *
     * <ol>
     *   <li>Open the holder anew, aside.
     *   <li>Give all disks their next chains at one instant, in memory: see {@link ChainSwitch}. Chains before and after show the
     *       same, and have one file in common that is written, the leaf. Requests under way end on the chains before, whose files
     *       stay open until then: see {@link LeftNodes}.
     *   <li>Forget the nodes' names: they may soon be those of other files.
     * </ol>
     *
     * <p>The nodes' files may be deleted from here on. The holder may be written by who copies more from above into it: who still
     * reads it as it was finds that above. Whoever takes places away from blocks waits for all requests before, whatever their chain.
     *
     * @param holder that one as it is now; null if it is open as it is already
     * @param aside of a change that concerns all these files: nobody begins or ceases to use a disk that has one of them
     * @throws DiskBusyException if a request has been alone with its chain for so long that its storage may hang
     */
    public void dropFromChains(Set<String> names, @Nullable ChainFile holder, Aside aside) throws IOException {
        List<LiveDisk> using =
                disks.all().stream().filter(disk -> hasOneOf(names, disk)).toList();
        if (holder == null) {
            drop(names, using, null, aside);
        } else if (using.isEmpty()) {
            nodes.forget(holder.name());
        } else {
            dropFor(holder, names, using, aside);
        }
        aside.run(left::closeSoon);
    }

    private static boolean hasOneOf(Set<String> names, LiveDisk disk) {
        return disk.chain().nodes().stream().anyMatch(node -> names.contains(node.name()));
    }

    private void dropFor(ChainFile holder, Set<String> names, List<LiveDisk> using, Aside aside) throws IOException {
        Layer anew = aside.get(() -> holder.openReadOnly(storage));
        try {
            drop(names, using, new Chain.Node(holder.name(), anew), aside);
        } catch (IOException | RuntimeException e) {
            closeUnused(anew, aside, e);
            throw e;
        }
        nodes.enter(holder.name(), anew, using.size());
    }

    private static void closeUnused(Layer anew, Aside aside, Exception reason) {
        try {
            aside.run(anew::close);
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    private void drop(Set<String> names, List<LiveDisk> using, Chain.@Nullable Node holder, Aside aside)
            throws IOException {
        List<Drop> drops = new ArrayList<>();
        for (LiveDisk disk : using) {
            drops.add(drop(names, disk, holder));
        }
        List<ChainSwitch> switches = ChainSwitch.prepared(drops.stream()
                .map(drop -> new ChainSwitch.Change(drop.disk(), new Chain(drop.kept())))
                .toList());
        aside.run(() -> ChainSwitch.together(switches, PATIENCE));
        names.forEach(nodes::forget);
        leave(drops, switches);
    }

    private static Drop drop(Set<String> names, LiveDisk disk, Chain.@Nullable Node holder) throws IOException {
        List<Chain.Node> kept = new ArrayList<>();
        List<Chain.Node> dropped = new ArrayList<>();
        for (Chain.Node node : disk.chain().nodes()) {
            if (holder != null && node.name().equals(holder.name())) {
                kept.add(holder);
                dropped.add(node);
            } else {
                (names.contains(node.name()) ? dropped : kept).add(node);
            }
        }
        if (holder != null && !kept.contains(holder)) {
            throw new IOException(holder.name() + " holds the data of " + names
                    + ", but is not in the chain of a disk that is in use and has those; detach the disk");
        }
        return new Drop(disk, kept, dropped);
    }

    private void leave(List<Drop> drops, List<ChainSwitch> since) {
        List<Chain.Node> unused = new ArrayList<>();
        for (Drop drop : drops) {
            for (Chain.Node node : drop.dropped()) {
                if (nodes.leave(node)) {
                    unused.add(node);
                }
            }
        }
        left.add(since, () -> closeAll(unused));
    }

    private static void closeAll(List<Chain.Node> unused) throws IOException {
        IOException failure = null;
        for (Chain.Node node : unused) {
            try {
                node.layer().close();
            } catch (IOException e) {
                failure = Failures.merge(failure, e);
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** Changes a file. */
    @FunctionalInterface
    public interface Change {
        void make() throws IOException;
    }
}
