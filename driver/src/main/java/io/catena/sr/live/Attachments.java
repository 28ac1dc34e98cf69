package io.catena.sr.live;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.PauseHistogram;
import io.catena.api.VdiId;
import io.catena.disk.Chain;
import io.catena.disk.Exporter;
import io.catena.disk.Fence;
import io.catena.disk.LiveDisk;
import io.catena.disk.ZeroElision;
import io.catena.sr.tree.Aside;
import io.catena.sr.tree.Opening;
import io.catena.store.Storage;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The disks of an SR that are active: their chains are open, and they are served.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only, but for {@link #get}, {@link #liveDisks}, {@link #closeLeft}
 * and {@link #leavesThatAreRead}, which need no lock; the disks themselves serve requests from many threads.
 */
public final class Attachments {
    private final OpenNodes nodes;
    private final DisksInUse disks = new DisksInUse();
    private final ChainSwaps swaps;
    private final LeafWork leaves;
    private final Exporter exporter;
    private final PauseRecorder pauses = new PauseRecorder();
    private final LeftNodes left = new LeftNodes();
    private final Fence fence;

    /**
     * @param fence of all disks
     */
    public Attachments(Storage storage, Exporter exporter, RedoStore redo, Fence fence) {
        this.fence = fence;
        this.nodes = new OpenNodes(storage, redo);
        this.swaps = new ChainSwaps(storage, nodes, disks, left);
        this.leaves = new LeafWork(storage, nodes, disks, swaps, left);
        this.exporter = exporter;
    }

    /** Returns for how long requests were held back. By any thread. */
    public PauseHistogram pauses() {
        return pauses.histogram();
    }

    public OpenNodes nodes() {
        return nodes;
    }

    /** What is done with leaves without anybody having asked for it. */
    public LeafWork leaves() {
        return leaves;
    }

    public ChainSwaps swaps() {
        return swaps;
    }

    public Optional<Attachment> get(VdiId vdi) {
        return disks.active(vdi);
    }

    /** Tells where a disk will be served. */
    public Export announce(VdiId vdi, AccessMode mode) {
        return exporter.announce(vdi, mode);
    }

    /** Ends {@link #announce}. */
    public void conceal(VdiId vdi) {
        exporter.conceal(vdi);
    }

    /**
     * Opens a disk's chain and exports it. Nothing stays open if that fails.
     *
     * @param leaf the first file of the chain
     * @param opening of who {@link io.catena.sr.tree.SrTree#open opens} the disk
     */
    public void attach(VdiId vdi, String leaf, AccessMode mode, LeafZeros zeros, Opening opening) throws IOException {
        leaves.stopMerging(vdi, opening);
        LiveDisk disk = open(leaf, mode, zeros, opening);
        try {
            Export export = opening.get(() -> exporter.publish(vdi, mode, disk));
            disks.add(new Attachment(vdi, mode, disk, export, zeros));
        } catch (IOException | RuntimeException e) {
            nodes.releaseAll(disk.chain().nodes(), e);
            throw e;
        }
    }

    /**
     * Whether an active disk is to keep its zeros from now on; requests under way may still leave some out until this returns.
     *
     * @param aside of a change that concerns the disk
     */
    public void keepZeros(VdiId vdi, boolean wanted, Aside aside) throws IOException {
        Attachment attachment = disks.active(vdi).orElse(null);
        if (attachment == null || attachment.zeros().areKept() == wanted) {
            return;
        }
        attachment.zeros().keep(wanted);
        if (wanted) {
            awaitRequests(attachment, aside);
        }
    }

    private static void awaitRequests(Attachment attachment, Aside aside) throws IOException {
        try {
            aside.run(() -> attachment.disk().alone(() -> {}));
        } catch (IOException e) {
            attachment.zeros().keep(false);
            throw e;
        }
    }

    /**
     * Opens a disk for reading inside this process, without an export; {@link #closeReader} ends that.
     *
     * @param leaf the first file of the chain
     * @param opening of who {@link io.catena.sr.tree.SrTree#open opens} the disk, or of a change that concerns it
     */
    public DiskReader openReader(VdiId vdi, String leaf, Opening opening) throws IOException {
        leaves.stopMerging(vdi, opening);
        DiskReader reader = new DiskReader(vdi, open(leaf, AccessMode.READ_ONLY, ZeroElision.ALLOWED, opening));
        disks.add(reader);
        return reader;
    }

    public void closeReader(DiskReader reader) throws IOException {
        disks.remove(reader);
        nodes.releaseAll(reader.disk().chain().nodes());
    }

    /** Returns the files that disks in use begin with which are only read. */
    public Set<String> leavesThatAreRead() {
        return disks.leavesThatAreRead();
    }

    /** Whether a disk is being read inside this process. */
    boolean isRead(VdiId vdi) {
        return disks.isRead(vdi);
    }

    private LiveDisk open(String leaf, AccessMode mode, ZeroElision elision, Opening opening) throws IOException {
        List<Chain.Node> opened = nodes.open(leaf, mode == AccessMode.READ_WRITE, opening);
        try {
            return new LiveDisk(new Chain(opened), mode == AccessMode.READ_ONLY, elision, pauses, fence);
        } catch (RuntimeException e) {
            nodes.releaseAll(opened, e);
            throw e;
        }
    }

    /** Notes that a disk's service is about to end. */
    public void leave(VdiId vdi) {
        disks.leave(vdi);
    }

    /** Ends {@link #leave}. */
    public void stay(VdiId vdi) {
        disks.stay(vdi);
    }

    public boolean isLeaving(VdiId vdi) {
        return disks.isLeaving(vdi);
    }

    /**
     * Ends the export of a disk that is {@link #leave leaving}: may wait long for its clients, and so is to be called without
     * the tree lock.
     */
    public void withdraw(VdiId vdi) {
        exporter.withdraw(vdi);
    }

    /** Tells that an active disk shows something else from now on, though nobody wrote to it. */
    public void contentChanged(VdiId vdi) {
        exporter.contentChanged(vdi);
    }

    /** Ends the export and closes the chain; what was written is on disk then. */
    public void detach(VdiId vdi) throws IOException {
        Attachment attachment = disks.active(vdi).orElse(null);
        if (attachment == null) {
            return;
        }
        exporter.withdraw(vdi);
        disks.remove(vdi);
        nodes.releaseAll(leaves.leave(attachment));
    }

    /**
     * Closes what disks have left that no request uses any more: see {@link LeftNodes}. By any thread, without the tree lock.
     *
     * @param patience for the requests of each step; those that were waited for before are not waited for again
     */
    public void closeLeft(Duration patience) {
        left.closeUnused(patience);
    }

    /** Detaches all disks, also if some of them fail. */
    public void detachAll() throws IOException {
        IOException failure = null;
        for (Attachment attachment : disks.active()) {
            try {
                detach(attachment.vdi());
            } catch (IOException e) {
                failure = Failures.merge(failure, e);
            }
        }
        left.closeAll();
        if (failure != null) {
            throw failure;
        }
    }

    /** Returns the disks that guests use. */
    public List<LiveDisk> liveDisks() {
        return disks.active().stream().map(Attachment::disk).toList();
    }
}
