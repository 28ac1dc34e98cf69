package io.catena.sr.live;

import io.catena.api.VdiId;
import io.catena.disk.Chain;
import io.catena.disk.ChainSwitch;
import io.catena.disk.DiskBusyException;
import io.catena.disk.LiveDisk;
import io.catena.disk.PauseClock;
import io.catena.log.LogLine;
import io.catena.sr.tree.Aside;
import io.catena.sr.tree.LiveSteps;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.SparseLayer;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Gives disks in use new, empty leaves, all at one instant and in memory: what they wrote before is in their base copies then,
 * and what they write from then on is not.
 *
 * <ol>
 *   <li>Before anything is bound to happen ({@link #open}): open the new leaves under the names under which they lie ready, with
 *       the redo logs of the names that they will have, and do what the first write to them, and on XFS the later ones, would have
 *       to wait for.
 *   <li>The instant ({@link #cut}): hold back the requests of disks that hold nothing until those under way have ended, for
 *       their old leaves are dropped, and a late write must not get lost. Then close the gates of all, give each its new leaf,
 *       and open them: see {@link ChainSwitch}. Nothing is synced, renamed or written; requests under way of disks that hold
 *       something end in the base copy, while others run. A flush of a new leaf flushes the base copy first.
 *   <li>After it ({@link #settle}), of each disk: wait for the requests that began before. Make the base copy complete: all
 *       is durable, its redo log is needed no more, and it can be renamed.
 * </ol>
 *
 * <p>A kill between the instant and the renaming finds the redo log of the old leaf by the name that it still has, and that of
 * the new one by the record of the operation. A power cut finds both files, whole up to the last flush.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class LiveCut implements LiveSteps {
    /** A disk that holds nothing is cut all the same if its requests do not end in this time. */
    private static final Duration EMPTY_PATIENCE = Duration.ofMillis(50);

    /** A request that is alone with its disk's chain takes a moment, or one write. */
    private static final Duration CUT_PATIENCE = Duration.ofSeconds(5);

    private static final Duration REQUEST_PATIENCE = Duration.ofSeconds(30);

    private static final Logger LOG = System.getLogger(LiveCut.class.getName());

    private final Storage storage;
    private final OpenNodes nodes;
    private final RedoStore redo;
    private final List<Part> parts;
    private final Map<VdiId, Long> pauseNanos = new HashMap<>();
    private boolean hasCut;

    public LiveCut(Storage storage, Attachments attachments, RedoStore redo, List<Disk> disks) {
        this.storage = storage;
        this.nodes = attachments.nodes();
        this.redo = redo;
        this.parts = disks.stream().map(Part::new).toList();
    }

    /**
     * A disk that is to be cut.
     *
     * @param prepared its new leaf, under the name under which it lies ready
     * @param name the name that it will have
     * @param baseCopy the name that the present leaf's file will have; null if the leaf holds nothing and is dropped
     */
    public record Disk(
            Attachment attachment,
            ChainFile prepared,
            String name,
            @Nullable String baseCopy) {}

    /** A disk that held nothing was written to before its requests were held back, or they could not be. */
    public static final class NoLongerEmptyException extends IOException {
        private static final long serialVersionUID = 1;

        NoLongerEmptyException(@Nullable DiskBusyException cause) {
            super("the disk was written to meanwhile", cause);
        }
    }

    /** How far a disk has come. */
    private static final class Part {
        private final Disk disk;
        private @Nullable Layer fresh;
        private @Nullable Chain successor;
        private @Nullable ChainSwitch done;
        private boolean settled;

        /** The first node before. */
        private final Chain.Node old;

        Part(Disk disk) {
            this.disk = disk;
            this.old = live().chain().leaf();
        }

        private LiveDisk live() {
            return disk.attachment().disk();
        }

        private Layer fresh() {
            return Objects.requireNonNull(fresh, "fresh");
        }

        private Chain successor() {
            return Objects.requireNonNull(successor, "successor");
        }

        private boolean dropsOld() {
            return disk.baseCopy() == null;
        }
    }

    /** Opens the new leaves; if that fails {@link #abandon} is to be called. */
    public void open() throws IOException {
        for (Part part : parts) {
            ChainFile file = part.disk.prepared();
            if (part.live().readOnly()) {
                part.fresh = file.openReadOnly(storage);
            } else {
                part.fresh = file.openWritable(storage, redo.open(file, part.disk.name()));
                ((SparseLayer) part.fresh).makeReadyForWrites();
                closeOnce(file);
            }
        }
    }

    /**
     * After a file was cut, XFS starts to write all of it at the next close by anyone ({@code XFS_ITRUNCATED}), while it gives
     * places to what was written, and writes wait for that. Of this file nothing was written yet.
     */
    private void closeOnce(ChainFile file) throws IOException {
        storage.openReadOnly(file.name()).close();
    }

    /** Closes the new leaves, since there will be no instant. */
    public void abandon() throws IOException {
        for (Part part : parts) {
            if (part.fresh != null) {
                part.fresh.close();
            }
        }
    }

    @Override
    public void cut(Aside aside) throws IOException {
        for (Part part : parts) {
            part.successor = successor(part);
        }
        List<ChainSwitch> switches = prepared();
        aside.run(() -> cutAll(switches));
        parts.forEach(this::enter);
    }

    /** Without the tree lock: a disk that hangs keeps this waiting, and nobody else may switch these disks meanwhile. */
    private void cutAll(List<ChainSwitch> switches) throws IOException {
        List<LiveDisk.Pause> pauses = new ArrayList<>();
        Map<VdiId, Long> begun = new HashMap<>();
        try {
            for (Part part : parts) {
                if (part.dropsOld()) {
                    begun.put(part.disk.attachment().vdi(), PauseClock.nanos());
                    pauses.add(pauseEmpty(part));
                }
            }
            switchAll(switches);
        } finally {
            // No lambda: its class would be made here, while requests wait.
            for (LiveDisk.Pause pause : pauses) {
                pause.close();
            }
        }
        begun.forEach((vdi, since) -> pauseNanos.put(vdi, PauseClock.nanos() - since));
    }

    private static Chain successor(Part part) {
        List<Chain.Node> chain = new ArrayList<>(part.live().chain().nodes());
        Chain.Node leaf = new Chain.Node(part.disk.name(), part.fresh());
        if (part.disk.baseCopy() == null) {
            chain.set(0, leaf);
            return new Chain(chain);
        }
        chain.set(0, new Chain.Node(part.disk.baseCopy(), part.old.layer()));
        chain.add(0, leaf);
        if (part.fresh instanceof SparseLayer sparse && !part.live().readOnly()) {
            sparse.flushAfter(part.old.layer());
        }
        return Chain.overUnsettled(chain);
    }

    private static LiveDisk.Pause pauseEmpty(Part part) throws NoLongerEmptyException {
        LiveDisk.Pause pause;
        try {
            pause = part.live().pause(EMPTY_PATIENCE);
        } catch (DiskBusyException e) {
            throw new NoLongerEmptyException(e);
        }
        if (part.old.layer() instanceof SparseLayer sparse && sparse.isEmpty()) {
            return pause;
        }
        pause.close();
        throw new NoLongerEmptyException(null);
    }

    private List<ChainSwitch> prepared() {
        return ChainSwitch.prepared(parts.stream()
                .map(part -> new ChainSwitch.Change(part.live(), part.successor()))
                .toList());
    }

    private void switchAll(List<ChainSwitch> switches) throws DiskBusyException {
        ChainSwitch.together(switches, CUT_PATIENCE);
        hasCut = true;
        for (int i = 0; i < switches.size(); i++) {
            parts.get(i).done = switches.get(i);
            pauseNanos.put(parts.get(i).disk.attachment().vdi(), switches.get(i).pauseNanos());
        }
    }

    private void enter(Part part) {
        if (part.disk.baseCopy() != null) {
            nodes.renamed(part.old, part.disk.baseCopy());
        }
        nodes.enter(part.disk.name(), part.fresh());
    }

    @Override
    public void settle(Aside aside) throws IOException {
        for (Part part : parts) {
            if (!part.settled) {
                settle(part, aside);
                part.settled = true;
            }
        }
    }

    private void settle(Part part, Aside aside) throws IOException {
        ChainSwitch done = Objects.requireNonNull(part.done, "done");
        aside.run(() -> done.awaitRequestsBefore(REQUEST_PATIENCE));
        if (part.dropsOld()) {
            aside.run(part.old.layer()::complete);
            nodes.release(part.old);
            return;
        }
        if (!part.live().readOnly()) {
            aside.run(() -> complete(part));
        }
        part.successor().settle();
    }

    private void complete(Part part) throws IOException {
        try {
            complete(part.old.layer());
            ((SparseLayer) part.fresh()).flushAfter(null);
        } catch (IOException e) {
            completeAnew(part, e);
        }
    }

    private static void complete(Layer baseCopy) throws IOException {
        if (baseCopy instanceof SparseLayer sparse) {
            sparse.seal();
            sparse.retire();
        } else {
            baseCopy.flush();
        }
    }

    /**
     * A file whose sync failed cannot be synced any more by who has it open. Opened anew, with its redo log, it can be made
     * complete and get its new name; but what the system may have dropped is not in it, so the guest's flushes fail from now on,
     * until the disk is detached and attached.
     */
    private void completeAnew(Part part, IOException reason) throws IOException {
        try {
            ChainFile file = ChainFile.read(storage, part.old.name());
            file.openWritable(storage, redo.open(file)).close();
        } catch (IOException e) {
            reason.addSuppressed(e);
            throw reason;
        }
        if (part.old.layer() instanceof SparseLayer sparse) {
            sparse.abandon(reason);
        }
        LOG.log(
                Level.WARNING,
                LogLine.of("base-copy-completed-anew", "node", part.old.name(), "cause", reason.getMessage()));
    }

    /** Whether the instant has come. */
    public boolean hasCut() {
        return hasCut;
    }

    /** Returns how long requests of a disk were held back, rounded up; 0 of a disk that is not in use. */
    public long pauseMicros(VdiId vdi) {
        return (pauseNanos.getOrDefault(vdi, 0L) + 999) / 1000;
    }
}
