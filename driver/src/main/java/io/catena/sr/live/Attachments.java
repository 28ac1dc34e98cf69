package io.catena.sr.live;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.PauseHistogram;
import io.catena.api.VdiId;
import io.catena.disk.Chain;
import io.catena.disk.ChainPath;
import io.catena.disk.Exporter;
import io.catena.disk.Fence;
import io.catena.disk.LiveDisk;
import io.catena.disk.ZeroElision;
import io.catena.op.Absorb;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.SparseLayer;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The disks of an SR that are active: their chains are open, and they are served.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only, but for {@link #get}, {@link #liveDisks} and {@link
 * #leavesThatAreRead}, which need no lock; the disks themselves serve requests from many threads.
 */
public final class Attachments {
    private static final Logger LOG = System.getLogger(Attachments.class.getName());

    private final Storage storage;
    private final OpenNodes nodes;
    private final Exporter exporter;
    private final RedoStore redo;
    private final PauseRecorder pauses = new PauseRecorder();
    private final Map<VdiId, Attachment> attachments = new ConcurrentSkipListMap<>();
    private final List<Reader> readers = new CopyOnWriteArrayList<>();

    /** The active disks whose service ends; nobody else can have them meanwhile. */
    private final Set<VdiId> leaving = ConcurrentHashMap.newKeySet();

    /** The attached disks whose leaves are being moved to their base copies. */
    private final Map<VdiId, LeafDrain> drains = new HashMap<>();

    /** The detached disks whose leaves are being merged with their base copies. */
    private final Map<VdiId, LeafCopy> copies = new HashMap<>();

    /** The attached disks whose leaves are being given what their base copies have. */
    private final Map<VdiId, LiveFill> fills = new HashMap<>();

    private final Fence fence;

    /**
     * @param fence of all disks
     */
    public Attachments(Storage storage, Exporter exporter, RedoStore redo, Fence fence) {
        this.fence = fence;
        this.storage = storage;
        this.nodes = new OpenNodes(storage);
        this.exporter = exporter;
        this.redo = redo;
    }

    /** An active disk. */
    public record Attachment(VdiId vdi, AccessMode mode, LiveDisk disk, Export export, LeafZeros zeros) {}

    /** Returns for how long requests were held back. By any thread. */
    public PauseHistogram pauses() {
        return pauses.histogram();
    }

    public OpenNodes nodes() {
        return nodes;
    }

    public Optional<Attachment> get(VdiId vdi) {
        return Optional.ofNullable(attachments.get(vdi));
    }

    Collection<Attachment> all() {
        return List.copyOf(attachments.values());
    }

    /** Tells where a disk will be served. */
    public Export announce(VdiId vdi, AccessMode mode) {
        return exporter.announce(vdi, mode);
    }

    /** Ends {@link #announce}. */
    public void conceal(VdiId vdi) {
        exporter.conceal(vdi);
    }

    /** Opens a disk's chain and exports it. Nothing stays open if that fails. */
    public Export attach(VdiId vdi, ChainFile leaf, AccessMode mode, LeafZeros zeros) throws IOException {
        stopMerging(vdi);
        LiveDisk disk = open(leaf, mode, zeros);
        try {
            Export export = exporter.publish(vdi, mode, disk);
            attachments.put(vdi, new Attachment(vdi, mode, disk, export, zeros));
            return export;
        } catch (RuntimeException e) {
            releaseAll(disk.chain().nodes(), e);
            throw e;
        }
    }

    /** Whether an active disk is to keep its zeros from now on; requests under way may still leave some out until this returns. */
    public void keepZeros(VdiId vdi, boolean wanted) throws IOException {
        Attachment attachment = attachments.get(vdi);
        if (attachment == null || attachment.zeros().areKept() == wanted) {
            return;
        }
        LiveDisk.Pause pause = attachment.disk().pause();
        try {
            attachment.zeros().keep(wanted);
        } finally {
            pause.close();
        }
    }

    /** Opens a disk for reading inside this process, without an export; {@link #closeReader} ends that. */
    public Reader openReader(VdiId vdi, ChainFile leaf) throws IOException {
        stopMerging(vdi);
        Reader reader = new Reader(vdi, open(leaf, AccessMode.READ_ONLY, ZeroElision.ALLOWED));
        readers.add(reader);
        return reader;
    }

    public void closeReader(Reader reader) throws IOException {
        readers.remove(reader);
        releaseAll(reader.disk().chain().nodes());
    }

    /** Returns the files that disks in use begin with which are only read. */
    public Set<String> leavesThatAreRead() {
        Set<String> leaves = new HashSet<>();
        attachments.values().stream()
                .filter(attachment -> attachment.disk().readOnly())
                .forEach(a -> leaves.add(a.disk().chain().leaf().name()));
        readers.forEach(reader -> leaves.add(reader.disk().chain().leaf().name()));
        return leaves;
    }

    /** Whether a disk is being read inside this process. */
    boolean isRead(VdiId vdi) {
        return readers.stream().anyMatch(reader -> reader.vdi().equals(vdi));
    }

    /** A disk that is read inside this process; compared by identity, for one disk may have several. */
    public static final class Reader {
        private final VdiId vdi;
        private final LiveDisk disk;

        public Reader(VdiId vdi, LiveDisk disk) {
            this.vdi = vdi;
            this.disk = disk;
        }

        VdiId vdi() {
            return vdi;
        }

        public LiveDisk disk() {
            return disk;
        }
    }

    private LiveDisk open(ChainFile leaf, AccessMode mode, ZeroElision elision) throws IOException {
        List<ChainFile> path = ChainPath.of(storage, leaf);
        List<Chain.Node> opened = new ArrayList<>();
        try {
            settleAll(path);
            for (ChainFile file : path) {
                boolean writable = opened.isEmpty() && mode == AccessMode.READ_WRITE;
                opened.add(writable ? nodes.openWritable(file, redo) : nodes.share(file));
            }
            return new LiveDisk(new Chain(opened), mode == AccessMode.READ_ONLY, elision, pauses, fence);
        } catch (IOException | RuntimeException e) {
            releaseAll(opened, e);
            throw e;
        }
    }

    /** The base copy first: the leaf may have given up what only that one has. */
    private void settleAll(List<ChainFile> path) throws IOException {
        for (int i = path.size() - 1; i >= 0; i--) {
            settle(path.get(i).name());
        }
    }

    /** Notes that a disk's service is about to end. */
    public void leave(VdiId vdi) {
        leaving.add(vdi);
    }

    /** Ends {@link #leave}. */
    public void stay(VdiId vdi) {
        leaving.remove(vdi);
    }

    public boolean isLeaving(VdiId vdi) {
        return leaving.contains(vdi);
    }

    /**
     * Ends the export of a disk that is {@link #leave leaving}: may wait long for its clients, and so is to be called without
     * the tree lock.
     */
    public void withdraw(VdiId vdi) {
        exporter.withdraw(vdi);
    }

    /** Ends the export and closes the chain; what was written is on disk then. */
    public void detach(VdiId vdi) throws IOException {
        Attachment attachment = attachments.get(vdi);
        if (attachment == null) {
            return;
        }
        exporter.withdraw(vdi);
        attachments.remove(vdi);
        stopFill(vdi);
        LeafDrain drain = drains.remove(vdi);
        if (drain == null) {
            releaseAll(attachment.disk().chain().nodes());
        } else {
            drain.stop();
            releaseAll(drain.nodes());
        }
    }

    private void releaseAll(List<Chain.Node> opened) throws IOException {
        IOException failure = null;
        for (Chain.Node node : opened) {
            try {
                nodes.release(node);
            } catch (IOException e) {
                failure = merge(failure, e);
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** Notes that a detached disk's leaf is being copied. */
    public LeafCopy beginCopy(VdiId vdi, LeafCopy copy) throws IOException {
        if (attachments.containsKey(vdi)) {
            copy.stop();
            throw new ChangedMeanwhileException("the disk is attached");
        }
        copies.put(vdi, copy);
        return copy;
    }

    /** Whether nothing was done with the disk since the copy began. */
    public boolean isCopying(VdiId vdi, LeafCopy copy) {
        return copies.get(vdi) == copy;
    }

    public boolean endCopy(VdiId vdi, LeafCopy copy) {
        return copies.remove(vdi, copy);
    }

    /**
     * Ends what garbage collection does with a disk's leaf, which is safe at any moment. To be called before anything else
     * is done with its files.
     */
    public void stopMerging(VdiId vdi) throws IOException {
        LeafCopy copy = copies.remove(vdi);
        if (copy != null) {
            copy.stop();
        }
        stopFill(vdi);
        LeafDrain drain = drains.get(vdi);
        if (drain != null) {
            endDrain(vdi, drain);
        }
    }

    /** Ends the filling of a leaf, wherever it got: what it was given stays. */
    void stopFill(VdiId vdi) {
        LiveFill fill = fills.remove(vdi);
        if (fill != null) {
            fill.stop();
        }
    }

    /**
     * Begins to give an attached disk's leaf what its base copy has, which is opened once more: its extents can be shared
     * then.
     *
     * @throws IOException if the disk is not attached for writing, or its second node is not {@code baseCopy}
     */
    public LiveFill beginFill(VdiId vdi, String baseCopy) throws IOException {
        Attachment attachment = attachments.get(vdi);
        if (attachment == null || attachment.disk().readOnly()) {
            throw new ChangedMeanwhileException("the disk is not attached for writing");
        }
        List<Chain.Node> chain = mergeableChain(attachment, baseCopy);
        Layer source = ChainFile.read(storage, baseCopy).openSource(storage);
        LiveFill fill = new LiveFill(new Fill(chain.get(0).layer(), source, attachment.disk()), source);
        fills.put(vdi, fill);
        return fill;
    }

    private List<Chain.Node> mergeableChain(Attachment attachment, String baseCopy) throws IOException {
        List<Chain.Node> chain = attachment.disk().chain().nodes();
        if (drains.containsKey(attachment.vdi()) || !(chain.get(0).layer() instanceof SparseLayer)) {
            throw new IOException(
                    "something that was done with the disk before failed and could not be ended; detach the"
                            + " disk and attach it again");
        }
        if (chain.size() < 2 || !chain.get(1).name().equals(baseCopy)) {
            throw new ChangedMeanwhileException("the disk was changed meanwhile");
        }
        return chain;
    }

    /**
     * Ends the filling of a leaf that holds all of its base copy by now: the leaf is opened anew, linked to what the base
     * copy builds on, and the disk goes on without the base copy.
     */
    public void finishFill(VdiId vdi, LiveFill fill, String baseCopy, Change change, Change completion)
            throws IOException {
        fill.checkNotEnded();
        stopFill(vdi);
        Attachment attachment = Objects.requireNonNull(attachments.get(vdi), "attachment");
        try {
            reopen(attachment, change, completion);
        } finally {
            if (!storage.exists(baseCopy)) {
                dropFromChains(Set.of(baseCopy), null);
            }
        }
    }

    /**
     * Begins to move the blocks of an attached disk's leaf to its base copy.
     *
     * <ol>
     *   <li>Open the base copy for writing.
     *   <li>While requests are held back, go on with both as one layer.
     * </ol>
     *
     * @throws IOException if the disk is not attached for writing, or its second node is not {@code baseCopy}
     */
    public LeafDrain beginDrain(VdiId vdi, String baseCopy) throws IOException {
        Attachment attachment = attachments.get(vdi);
        if (attachment == null || attachment.disk().readOnly()) {
            throw new ChangedMeanwhileException("the disk is not attached for writing");
        }
        List<Chain.Node> chain = mergeableChain(attachment, baseCopy);
        Chain.Node leaf = chain.get(0);
        ChainFile file = ChainFile.read(storage, baseCopy);
        Chain.Node writable = nodes.openWritableBeside(file, redo);
        if (!(writable.layer() instanceof SparseLayer)) {
            nodes.release(writable);
            throw new IOException(baseCopy + " is no dynamic disk");
        }
        LeafDrain drain = new LeafDrain(attachment.disk(), leaf, writable, chain.subList(2, chain.size()));
        drains.put(vdi, drain);
        try (LiveDisk.Pause pause = attachment.disk().pause()) {
            pause.replace(drain.chain());
        }
        nodes.release(chain.get(1));
        return drain;
    }

    /**
     * Ends the moving of blocks, wherever it got: the disk goes on with the leaf and the base copy as two nodes. Does nothing
     * if that was done before, or the moving was finished.
     *
     * <ol>
     *   <li>Flush, so that little is left to do in the next step.
     *   <li>While requests are held back, make both files complete, the base copy first, and go on with both of them.
     *   <li>The base copy is not written any more.
     * </ol>
     */
    public void endDrain(VdiId vdi, LeafDrain drain) throws IOException {
        if (drains.get(vdi) != drain) {
            return;
        }
        drain.stop();
        drain.disk().flush();
        try (LiveDisk.Pause pause = drain.disk().pause()) {
            pause.chain().flush();
            drain.sealBaseCopy();
            drain.leave(pause, new Chain(drain.nodes()));
        }
        drains.remove(vdi);
        drain.retireBaseCopy();
    }

    /**
     * Ends the moving of blocks after the last one: the base copy takes the leaf's place.
     *
     * <ol>
     *   <li>While requests are held back: make the base copy's file complete, take the steps of {@link Absorb}, open the file
     *       under its new name, and go on with that.
     *   <li>Close the leaf, whose file has no name any more.
     * </ol>
     *
     * <p>If a step fails when the leaf's file may have been replaced, all are taken once more; if that fails too, all
     * requests of the disk fail until it is detached and attached. Nothing that was answered is lost.
     *
     * @throws IOException also if nothing has happened and the moving of blocks can be ended: then {@code operation}'s base
     *     copy is still there
     */
    public void finishDrain(VdiId vdi, Absorb operation) throws IOException {
        LeafDrain drain = Objects.requireNonNull(drains.get(vdi), "drain");
        drain.stop();
        Chain.Node leaf;
        try (LiveDisk.Pause pause = drain.disk().pause()) {
            drain.sealBaseCopy();
            leaf = takePlace(drain, operation);
            List<Chain.Node> successor = new ArrayList<>(List.of(leaf));
            successor.addAll(drain.rest());
            drain.leave(pause, new Chain(successor));
        }
        drains.remove(vdi);
        releaseAll(List.of(drain.leaf(), drain.baseCopy()));
        if (leaf.layer() instanceof UnopenedLayer unopened) {
            throw unopened.failure();
        }
    }

    /** Tries twice, for a guest would lose its disk; then returns an {@link UnopenedLayer}. */
    private Chain.Node takePlace(LeafDrain drain, Absorb operation) throws IOException {
        try {
            return openInPlace(drain, operation);
        } catch (IOException e) {
            if (operation.hasNotBegun(storage)) {
                throw e;
            }
        }
        try {
            return openInPlace(drain, operation);
        } catch (IOException e) {
            retire(drain);
            return nodes.enter(
                    operation.leaf(), new UnopenedLayer(drain.baseCopy().layer().sizeBytes(), e));
        }
    }

    /**
     * What is open has the footer of a base copy, and must not write it over that of the leaf when it is closed. Nothing is
     * lost if this fails half-way.
     */
    private static void retire(LeafDrain drain) {
        try {
            drain.retireBaseCopy();
        } catch (IOException e) {
            LOG.log(Level.WARNING, "event=base-copy-not-retired cause=\"" + e.getMessage() + "\"");
        }
    }

    private Chain.Node openInPlace(LeafDrain drain, Absorb operation) throws IOException {
        operation.apply(storage);
        retire(drain);
        nodes.forget(operation.leaf());
        return nodes.openWritable(ChainFile.read(storage, operation.leaf()), redo);
    }

    /** Detaches all disks, also if some of them fail. */
    public void detachAll() throws IOException {
        IOException failure = null;
        for (Attachment attachment : all()) {
            try {
                detach(attachment.vdi());
            } catch (IOException e) {
                failure = merge(failure, e);
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /**
     * Closes the leaf of an attached disk while its requests wait, lets it be changed, and opens it anew.
     *
     * @param change changes the file, which nobody has open meanwhile
     * @param completion completes a change that failed, or takes it back
     * @throws IOException if the change failed; if the file cannot be opened again all requests of the disk fail, until it
     *     is detached and attached
     */
    public void reopen(Attachment attachment, Change change, Change completion) throws IOException {
        attachment.disk().flush();
        try (LiveDisk.Pause pause = attachment.disk().pause()) {
            List<Chain.Node> chain = new ArrayList<>(pause.chain().nodes());
            Chain.Node leaf = chain.get(0);
            IOException failure = null;
            try {
                nodes.release(leaf);
                change.make();
            } catch (IOException e) {
                failure = e;
            }
            try {
                chain.set(0, openAgain(leaf, completion));
            } catch (IOException e) {
                failure = merge(failure, e);
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

    /**
     * Lets an active disk go on with its leaf upon another parent. What was written before is durable then.
     *
     * @param parent opened with all its ancestors before the requests are held back
     * @param change links the leaf to it, while no request runs
     * @param isBound whether a change that failed will happen all the same, so that the disk must go on with the parent
     * @throws IOException if the change failed
     */
    public void rebase(Attachment attachment, ChainFile parent, Change change, BooleanSupplier isBound)
            throws IOException {
        List<ChainFile> path = ChainPath.of(storage, parent);
        List<Chain.Node> ancestors = new ArrayList<>();
        List<Chain.Node> left;
        IOException failure;
        try {
            settleAll(path);
            for (ChainFile file : path) {
                ancestors.add(nodes.share(file));
            }
            attachment.disk().flush();
            try (LiveDisk.Pause pause = attachment.disk().pause()) {
                failure = make(change, isBound);
                List<Chain.Node> present = pause.chain().nodes();
                List<Chain.Node> chain = new ArrayList<>(present.subList(0, 1));
                chain.addAll(ancestors);
                pause.replace(new Chain(chain));
                left = present.subList(1, present.size());
            }
        } catch (IOException | RuntimeException e) {
            releaseAll(ancestors, e);
            throw e;
        }
        releaseAll(left);
        if (failure != null) {
            throw failure;
        }
    }

    /** Returns why a change failed that will happen all the same; null if it did not fail. */
    private static @Nullable IOException make(Change change, BooleanSupplier isBound) throws IOException {
        try {
            change.make();
            return null;
        } catch (IOException e) {
            if (isBound.getAsBoolean()) {
                return e;
            }
            throw e;
        }
    }

    /** Changes a file. */
    @FunctionalInterface
    public interface Change {
        void make() throws IOException;
    }

    /** Tries twice: a guest would lose its disk. */
    private Chain.Node openAgain(Chain.Node leaf, Change completion) throws IOException {
        try {
            completion.make();
            return nodes.openWritable(ChainFile.read(storage, leaf.name()), redo);
        } catch (IOException e) {
            completion.make();
            return nodes.openWritable(ChainFile.read(storage, leaf.name()), redo);
        }
    }

    /** Takes over what an attachment that ended with an error could not write to this file. */
    public void settle(String name) throws IOException {
        nodes.settle(name, redo);
    }

    /** Takes over what attachments that ended with an error could not write. */
    public void settleAll() throws IOException {
        nodes.settleAll(redo);
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
        for (LiveDisk disk : disks()) {
            if (disk.chain().nodes().stream().anyMatch(node -> names.contains(node.name()))) {
                dropFromChain(disk, names, holder);
            }
        }
    }

    private List<LiveDisk> disks() {
        List<LiveDisk> disks = new ArrayList<>();
        attachments.values().forEach(attachment -> disks.add(attachment.disk()));
        readers.forEach(reader -> disks.add(reader.disk()));
        return disks;
    }

    /** Returns the disks that guests use. */
    public List<LiveDisk> liveDisks() {
        return attachments.values().stream().map(Attachment::disk).toList();
    }

    private void dropFromChain(LiveDisk disk, Set<String> names, @Nullable ChainFile holder) throws IOException {
        List<Chain.Node> kept = new ArrayList<>();
        List<Chain.Node> dropped = new ArrayList<>();
        for (Chain.Node node : disk.chain().nodes()) {
            if (holder != null && node.name().equals(holder.name())) {
                dropped.add(node);
                kept.add(nodes.share(holder));
            } else {
                (names.contains(node.name()) ? dropped : kept).add(node);
            }
        }
        try (LiveDisk.Pause pause = disk.pause()) {
            pause.replace(new Chain(kept));
        }
        for (Chain.Node node : dropped) {
            nodes.release(node);
        }
    }

    private void releaseAll(List<Chain.Node> opened, Exception reason) {
        for (Chain.Node node : opened) {
            try {
                nodes.release(node);
            } catch (IOException e) {
                reason.addSuppressed(e);
            }
        }
    }

    private static IOException merge(@Nullable IOException first, IOException next) {
        if (first == null) {
            return next;
        }
        first.addSuppressed(next);
        return first;
    }
}
