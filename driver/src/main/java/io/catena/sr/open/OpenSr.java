package io.catena.sr.open;

import io.catena.api.GcSettings;
import io.catena.api.JobIntents;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.Uuids;
import io.catena.api.VdiId;
import io.catena.disk.Fence;
import io.catena.log.LogLine;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.gc.GarbageCollection;
import io.catena.sr.gc.GcParts;
import io.catena.sr.job.Environment;
import io.catena.sr.live.Attachments;
import io.catena.sr.live.ElidedZeros;
import io.catena.sr.live.FilesBehind;
import io.catena.sr.live.Holds;
import io.catena.sr.live.RedoStore;
import io.catena.sr.live.VdiUse;
import io.catena.sr.record.FileWatch;
import io.catena.sr.record.GcSettingsFile;
import io.catena.sr.record.JobIntentFiles;
import io.catena.sr.record.NameRoom;
import io.catena.sr.record.SrFiles;
import io.catena.sr.record.SrRecord;
import io.catena.sr.record.VdiRecords;
import io.catena.sr.tree.Aside;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.SrTree;
import io.catena.sr.tree.Tree;
import io.catena.sr.tree.TreeScanner;
import io.catena.store.FencedStorage;
import io.catena.store.Storage;
import io.catena.store.StorageLock;
import java.io.Closeable;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An SR that this process has, and nobody else: how that begins and ends, and the parts that its operations share.
 *
 * <p><b>Threads.</b> The parts say how they are to be used; most are guarded by the lock of {@link #tree}.
 */
public final class OpenSr {
    private static final Logger LOG = System.getLogger(OpenSr.class.getName());

    public final Storage storage;
    public final Environment environment;
    public final SrSettings settings;
    public final SrTree tree;
    public final VdiRecords records;
    public final ElidedZeros zeros;
    public final Attachments attachments;
    public final Holds holds = new Holds();
    public final RedoStore redo;
    public final SrView view;
    public final Admission admission;
    public final SrLooks looks;
    public final VdiUse use;
    public final GarbageCollection garbage;
    public final HealthCheck health;
    public final FilesBehind behind;
    public final JobIntents jobIntents;

    /** The disks that are being opened again after the agent was started anew. */
    public final Set<VdiId> restored = ConcurrentHashMap.newKeySet();

    private final Crowding crowding = new Crowding();
    private final StorageLock lock;
    private final Storage unfenced;

    /** Used by who has the turn. */
    private final FileWatch recordFiles;

    private OpenSr(
            Storage unfenced,
            Storage storage,
            SrRecord record,
            Environment environment,
            StorageLock lock,
            NameRoom room,
            Attaching.Begun begun)
            throws IOException {
        this.unfenced = unfenced;
        this.storage = storage;
        this.environment = environment;
        this.lock = lock;
        this.redo = begun.redo();
        settings = new SrSettings(storage, record);
        tree = new SrTree(storage, room, environment.clock());
        records = new VdiRecords(storage);
        zeros = new ElidedZeros(storage);
        jobIntents = new JobIntentFiles(storage);
        recordFiles =
                new FileWatch(storage, SrFiles.VDI_RECORDS, name -> true, NameRoom.ofRecords(), environment.clock());
        Fence fence = fence(lock, record);
        attachments = new Attachments(storage, environment.exporter(), redo, fence);
        behind = new FilesBehind(
                storage, redo, begun.replay().behind(), begun.replay().lost());
        view = new SrView(record.srId(), tree, records, behind);
        admission = new Admission(settings, view, storage, room);
        looks = new SrLooks(
                storage,
                record.srId(),
                tree,
                view,
                attachments,
                holds,
                this::garbageNote,
                environment.looks(),
                environment.nanoTime());
        use = new VdiUse(attachments, holds);
        garbage = new GarbageCollection(new GcParts(
                record.srId(),
                storage,
                tree,
                attachments,
                view::record,
                environment,
                behind,
                () -> settings.now().warnFrom(),
                record.isAdopted()));
        health = new HealthCheck(record.srId(), tree, garbage, behind, fence, crowding);
    }

    /**
     * Notes what the disks' files are, as each attach does; no disk is attached or detached meanwhile. It can be done the next
     * time as well, say when there is room on the file system. To be called under the tree lock.
     *
     * <ol>
     *   <li>Note what is in the files now.
     *   <li>Complete the records that do not name their files. Both say what was found before: neither needs the other.
     * </ol>
     */
    public void noteDisks() throws IOException {
        Tree now = tree.now();
        tree.concern(now.nodes());
        tree.aside(() -> {
            tree.noteFiles(true);
            try {
                Contradictions.complete(storage, now);
                records.forget();
            } catch (IOException e) {
                tellRecordsIncomplete(e);
            }
        });
    }

    /** They are completed at the next attach. */
    public static void tellRecordsIncomplete(Exception cause) {
        LOG.log(Level.WARNING, LogLine.of("records-not-completed", "cause", cause.getMessage()));
    }

    private Optional<String> garbageNote(Node node) {
        return garbage.note(node);
    }

    /** Makes a fence for all disks that falls with the lock; whoever notices first makes all disks fail. */
    private static Fence fence(StorageLock lock, SrRecord record) {
        Fence fence = new Fence();
        lock.onLost(() -> {
            LOG.log(Level.ERROR, LogLine.of("lock-lost", "sr", record.id()));
            fence.fall(SrFiles.LOCK
                    + " was removed or replaced while the SR was attached, so another agent may have its" + " files");
        });
        return fence;
    }

    /** Makes an empty SR of a directory that has no files. */
    public static void create(Storage storage, SrId id, String name) throws IOException {
        if (!storage.list("").isEmpty() || SrRecord.read(storage).isPresent()) {
            throw new SrException(SrError.SR_EXISTS, "The directory for SR \"" + name + "\" is not empty")
                    .correction(
                            "Give an empty directory, or adopt the disks there: ",
                            Remedy.of(Verb.SR_ATTACH, "DIR").with("adopt"));
        }
        new SrRecord(id.toString(), name, SrRecord.OWN_CHAIN_LIMIT).write(storage);
    }

    /**
     * Attaches an SR, after recovery of what was interrupted. {@link #noteDisks} is to follow.
     *
     * @param path the directory; its last part, if a UUID, is an adopted SR's id
     * @param wanted says what the directory must be; asked before anything in it is changed
     */
    public static OpenSr attach(Storage plain, String path, Environment environment, Wanted wanted) throws IOException {
        SrRecord.read(plain).ifPresentOrElse(wanted::checkKnown, () -> wanted.checkUnknown(plain, path));
        StorageLock lock = plain.lock(SrFiles.LOCK);
        Storage storage = new FencedStorage(plain, lock);
        try {
            Optional<SrRecord> known = SrRecord.read(storage);
            SrRecord record = known.orElseGet(() -> adopted(path, environment));
            known.ifPresentOrElse(wanted::checkKnown, () -> wanted.checkUnknown(storage, path));
            NameRoom room = NameRoom.ofNodes();
            room.claim(TreeScanner.nodes(storage));
            Attaching.Begun begun = new Attaching(storage, environment).begin(record);
            if (known.isEmpty()) {
                adopt(storage, record);
            }
            if (!storage.exists(SrFiles.SEEN)) {
                Contradictions.allowRawParents(storage);
            }
            return new OpenSr(plain, storage, record, environment, lock, room, begun);
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /**
     * Makes a directory an SR, with the nodes that are there.
     *
     * <ol>
     *   <li>Write the settings by which nothing is collected: they must be there when the SR is.
     *   <li>Write the record that makes it an SR.
     * </ol>
     */
    private static void adopt(Storage storage, SrRecord record) throws IOException {
        GcSettingsFile.write(storage, GcSettings.OF_ADOPTED);
        record.write(storage);
    }

    private static SrRecord adopted(String path, Environment environment) {
        String name = Objects.requireNonNullElse(Path.of(path).getFileName(), Path.of("sr"))
                .toString();
        UUID id =
                Uuids.isUuid(name) ? UUID.fromString(name) : environment.uuids().get();
        return SrRecord.ofAdopted(id.toString(), name);
    }

    /**
     * Looks at and into the files that changed since the last look. To be called under the tree lock.
     *
     * @param aside if other disks can be attached and detached meanwhile: see {@link SrTree#update}
     * @throws SrException if the directory is not the SR any more: somebody unmounted it, and what is there now says nothing
     *     of the disks
     */
    public void lookForChanges(Aside aside) throws IOException {
        boolean hasLooked = crowding.look(() -> {
            aside.run(this::lookAtRecords);
            tree.update(attachments.nodes(), aside);
        });
        if (hasLooked) {
            aside.run(() -> tree.noteFiles(false));
        }
    }

    /**
     * Makes sure that the last look at the directory was possible.
     *
     * @param what was wanted, for the message
     * @throws SrException if it was not, since there are too many files
     */
    public void refuseCrowd(String what) {
        crowding.refuse(what);
    }

    private void lookAtRecords() throws IOException {
        checkIsThere();
        records.forget(recordFiles.changes());
    }

    private void checkIsThere() throws IOException {
        lock.check();
        if (SrRecord.read(storage).filter(r -> r.srId().equals(settings.id())).isEmpty()) {
            throw new SrException(
                            SrError.SR_UNAVAILABLE,
                            SrFiles.SR_RECORD + " of SR " + settings.name() + " is gone, or another SR's")
                    .correction("Mount the SR's file system again where it was; nothing was forgotten.");
        }
    }

    /** As {@link #lookForChanges}, of all files, whatever is known of them. */
    public void lookAtAll(Aside aside) throws IOException {
        boolean hasLooked = crowding.look(() -> {
            aside.run(this::lookAtRecords);
            tree.rescan(attachments.nodes(), aside);
        });
        if (hasLooked) {
            records.forget();
            aside.run(() -> tree.noteFiles(false));
        }
    }

    /**
     * Makes sure that nothing is left but what makes the directory an SR. To be called under the tree lock.
     *
     * @throws SrException with {@link SrError#SR_NOT_EMPTY} if nodes are left, base copies included
     */
    public void checkEmpty() {
        int nodes = tree.now().nodes().size() + tree.kept().ids().size();
        if (nodes > 0) {
            throw new SrException(SrError.SR_NOT_EMPTY, "SR " + settings.name() + " still has " + nodes + " nodes")
                    .correction(
                            "Destroy its disks, then delete what they leave: ",
                            Remedy.of(Verb.GC_RUN, settings.id()).with("wait"));
        }
    }

    /**
     * Lets go of the SR: detaches all disks, and ends the session; it goes on if a redo log is still needed. To be called
     * without the tree lock.
     */
    public void close() throws IOException {
        try (Closeable held = lock) {
            tree.lockedIo(() -> {
                tree.close();
                attachments.detachAll();
                holds.vdis().forEach(attachments::conceal);
                attachments.nodes().settleAll(tree::aside);
                if (behind.haveAllCaughtUp(tree.now()) && !tree.isBound()) {
                    tree.kept().rest();
                    tree.noteFiles(true);
                    Attaching.end(storage);
                }
                return held;
            });
        }
    }

    /** Removes what makes the directory an SR, after {@link #close}. Files that are not the SR's own stay. */
    public void erase() throws IOException {
        List<String> names = SrFiles.all(storage);
        names.removeIf(SrFiles.LOCK::equals);
        for (String name : names) {
            storage.delete(name);
        }
        storage.syncNames();
        // Last, and past the lease, which is that file.
        unfenced.delete(SrFiles.LOCK);
        unfenced.syncNames();
    }
}
