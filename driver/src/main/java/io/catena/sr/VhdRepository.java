package io.catena.sr;

import io.catena.api.AccessMode;
import io.catena.api.ChainNode;
import io.catena.api.ContentOrigin;
import io.catena.api.Export;
import io.catena.api.GarbageControl;
import io.catena.api.Hold;
import io.catena.api.Job;
import io.catena.api.JobIntents;
import io.catena.api.PauseHistogram;
import io.catena.api.SnapshotResult;
import io.catena.api.SnapshotSpec;
import io.catena.api.Sr;
import io.catena.api.SrChange;
import io.catena.api.SrCheck;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrNotes;
import io.catena.api.SrQuotas;
import io.catena.api.SrStat;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiChange;
import io.catena.api.VdiContents;
import io.catena.api.VdiDemand;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import io.catena.format.Footer;
import io.catena.sr.copy.CopyJobs;
import io.catena.sr.job.Environment;
import io.catena.sr.live.ChainSwaps;
import io.catena.sr.live.Holds;
import io.catena.sr.open.Admission;
import io.catena.sr.open.Checker;
import io.catena.sr.open.OpenSr;
import io.catena.sr.open.SrLooks;
import io.catena.sr.open.Wanted;
import io.catena.sr.record.Errors;
import io.catena.sr.upload.KeptUploads;
import io.catena.sr.verb.Composer;
import io.catena.sr.verb.Contents;
import io.catena.sr.verb.Demands;
import io.catena.sr.verb.Imports;
import io.catena.sr.verb.KeptImports;
import io.catena.sr.verb.NewVdi;
import io.catena.sr.verb.Recorder;
import io.catena.sr.verb.Resetter;
import io.catena.sr.verb.Resizer;
import io.catena.sr.verb.Reverter;
import io.catena.sr.verb.SnapshotTaker;
import io.catena.sr.verb.Spools;
import io.catena.sr.verb.TwinDecision;
import io.catena.sr.verb.VdiAttacher;
import io.catena.sr.verb.VdiCutter;
import io.catena.sr.verb.VdiMaker;
import io.catena.sr.verb.VdiRemover;
import io.catena.store.Storage;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An SR over VHD chains in a directory: takes the SR's lock, and hands requests to those who do the work.
 *
 * <p><b>The path of a snapshot:</b> this, {@link VdiCutter}, {@link SnapshotTaker}, {@link
 * io.catena.sr.tree.SrTree#commit}, {@link io.catena.op.Snapshot}, {@link io.catena.op.Journal}, {@link Storage}; and for
 * attached disks {@link io.catena.sr.live.LiveCut}, {@link io.catena.disk.ChainSwitch}.
 *
 * <p><b>Threads.</b> Safe for use by many threads. What changes something runs in {@link #change}, one after another; what
 * looks goes to {@link SrLooks}, which waits for nobody. Only jobs take it by themselves, for moments.
 */
public final class VhdRepository implements StorageRepository, Closeable {
    private static final Duration JOB_PATIENCE = Duration.ofSeconds(60);

    private final String path;
    private final OpenSr sr;
    private final VdiMaker maker;
    private final VdiRemover remover;
    private final VdiCutter cutter;
    private final Resizer resizer;
    private final Demands demands;
    private final Reverter reverter;
    private final Composer composer;
    private final Resetter resetter;
    private final Recorder recorder;
    private final VdiAttacher attacher;
    private final Imports imports;
    private final KeptImports kept;
    private final CopyJobs copies;
    private final Spools spools;
    private final Contents contents;

    private VhdRepository(String path, OpenSr sr) {
        this.path = path;
        this.sr = sr;
        maker = new VdiMaker(sr);
        remover = new VdiRemover(sr);
        cutter = new VdiCutter(sr);
        resizer = new Resizer(sr);
        demands = new Demands(sr, maker, cutter, resizer);
        reverter = new Reverter(sr);
        composer = new Composer(sr);
        resetter = new Resetter(sr);
        recorder = new Recorder(sr, resetter);
        attacher = new VdiAttacher(sr);
        KeptUploads uploads = new KeptUploads(sr.storage, sr.environment.clock());
        imports = new Imports(sr, uploads, maker, cutter);
        kept = new KeptImports(sr, uploads, imports);
        copies = new CopyJobs(sr);
        spools = new Spools(sr);
        contents = new Contents(sr, spools, kept);
    }

    /** Makes an empty SR of a directory that has no files. */
    public static void create(Storage storage, SrId id, String name) {
        Errors.translate("create SR \"" + name + "\"", () -> {
            OpenSr.create(storage, id, name);
            return name;
        });
    }

    /**
     * Attaches an SR, after recovery of what was interrupted. Never makes one.
     *
     * @param path the directory, for messages
     */
    public static VhdRepository attach(Storage storage, String path, Environment environment) {
        return attach(storage, path, environment, Wanted.KNOWN);
    }

    /**
     * Attaches an SR, or makes one of the VHDs of a directory that is none yet: they become disks as they are, and are not
     * changed by garbage collection until that is switched on.
     *
     * @param path the directory, for messages; its last part, if a UUID, is an adopted SR's id
     */
    public static VhdRepository attach(Storage storage, String path, Environment environment, Wanted wanted) {
        VhdRepository repository = attachFirst(storage, path, environment, wanted);
        repository.noteDisks();
        return repository;
    }

    /**
     * As {@link #attach(Storage, String, Environment, Wanted)}, without what disks that guests wait for do not need. It is to be
     * done by {@link #noteDisks} when they have them.
     */
    public static VhdRepository attachFirst(Storage storage, String path, Environment environment, Wanted wanted) {
        return Errors.translate(
                "attach " + path, () -> new VhdRepository(path, OpenSr.attach(storage, path, environment, wanted)));
    }

    /** Notes what the disks' files are. If that fails the next attach does it. */
    public void noteDisks() {
        try {
            change("note the files of SR " + sr.settings.name(), sr::noteDisks);
        } catch (SrException e) {
            OpenSr.tellRecordsIncomplete(e);
        }
    }

    /** Returns the SR's identity. */
    public Sr sr() {
        return new Sr(sr.settings.id(), sr.settings.name(), path, true);
    }

    /** Returns the jobs that are to be begun again. */
    public JobIntents jobIntents() {
        return sr.jobIntents;
    }

    @Override
    public SrStat stat() {
        return Errors.translate(
                "stat SR " + sr.settings.name(), () -> sr.looks.stat(sr(), sr.settings.now(), sr.health));
    }

    @Override
    public SrStat scan() {
        String what = "scan SR " + sr.settings.name();
        change(what, () -> sr.lookForChanges(sr.tree::aside));
        sr.refuseCrowd(what);
        return stat();
    }

    @Override
    public SrCheck check(boolean repair) {
        return locked("check SR " + sr.settings.name(), () -> {
            sr.tree.tryToComplete();
            sr.lookAtAll(sr.tree::aside);
            sr.refuseCrowd("check SR " + sr.settings.name());
            if (repair) {
                sr.tree.awaitOpenings();
            }
            SrCheck check = new Checker(sr.storage, sr.tree, sr.view, sr.records, repair)
                    .check(sr.settings.id(), this::filesBeingFilled, sr.tree::aside);
            if (repair) {
                sr.lookAtAll(sr.tree::aside);
            }
            return check;
        });
    }

    private Set<String> filesBeingFilled() {
        Set<String> filled = new HashSet<>(imports.allFiles());
        filled.addAll(spools.files());
        filled.addAll(Errors.translate("look for uploads", kept::files));
        return filled;
    }

    @Override
    public SrQuotas quotas() {
        return Errors.translate("tell the quotas of SR " + sr.settings.name(), () -> sr.looks.quotas(sr.admission));
    }

    @Override
    public void admit(long sizeBytes, String owner) {
        NewVdi wanted = NewVdi.of(
                new VdiSpec(sizeBytes, "", "", null, sizeBytes > Footer.MAX_DISK_BYTES), sr.environment.uuids());
        Errors.translate("ask for " + sizeBytes + " bytes", () -> {
            sr.looks.admit(sr.admission, Admission.Growth.ofDisk(owner, wanted.sizeBytes()));
            return wanted;
        });
    }

    @Override
    public void admit(VdiDemand demand) {
        if (demand.kind() == VdiDemand.Kind.SNAPSHOT) {
            checkNamedOnce(demand.vdis());
        }
        locked("ask for " + demand, () -> {
            demands.check(demand);
            return demand;
        });
    }

    @Override
    public SrStat set(SrChange changes) {
        change("change SR " + sr.settings.name(), () -> sr.settings.change(changes));
        return stat();
    }

    @Override
    public List<Vdi> vdis() {
        return Errors.translate("list the disks of SR " + sr.settings.name(), sr.looks::vdis);
    }

    @Override
    public Vdi vdi(VdiId id) {
        return Errors.translate("stat VDI " + id, () -> sr.looks.vdi(id));
    }

    @Override
    public List<ChainNode> nodes() {
        return Errors.translate("show SR " + sr.settings.name(), sr.looks::nodes);
    }

    @Override
    public Vdi create(VdiSpec spec) {
        NewVdi wanted = NewVdi.of(spec, sr.environment.uuids());
        change("create VDI " + wanted.id(), () -> maker.create(wanted));
        return vdi(wanted.id());
    }

    @Override
    public List<SnapshotResult> snapshot(List<VdiId> ids, String name) {
        checkNamedOnce(ids);
        return changeFiles("snapshot " + ids, ids, () -> cutter.snapshot(ids, name));
    }

    @Override
    public List<SnapshotResult> snapshot(List<SnapshotSpec> specs) {
        List<VdiId> ids = specs.stream().map(SnapshotSpec::of).toList();
        checkNamedOnce(ids);
        return changeFiles("snapshot " + ids, ids, () -> cutter.snapshot(specs));
    }

    private static void checkNamedOnce(List<VdiId> ids) {
        if (ids.isEmpty() || new LinkedHashSet<>(ids).size() != ids.size()) {
            throw new SrException(SrError.BAD_REQUEST, "A snapshot needs disks, each named once; given: " + ids);
        }
    }

    @Override
    public Vdi clone(VdiId id, String name, long sizeBytes) {
        return vdi(changeFiles("clone VDI " + id, List.of(id), () -> cutter.clone(id, name, sizeBytes)));
    }

    @Override
    public Vdi set(VdiId id, VdiChange changes) {
        change("change VDI " + id, List.of(id), () -> recorder.change(id, changes));
        return vdi(id);
    }

    @Override
    public Vdi compose(VdiId parent, VdiId child) {
        changeFiles("compose VDI " + child, List.of(parent, child), () -> {
            try {
                composer.compose(parent, child);
            } finally {
                sr.attachments.contentChanged(child);
            }
        });
        return vdi(child);
    }

    @Override
    public Vdi reset(VdiId id) {
        changeFiles("reset VDI " + id, List.of(id), () -> resetter.reset(id));
        return vdi(id);
    }

    @Override
    public Vdi beginBoot(VdiId id) {
        changeFiles("reset VDI " + id, List.of(id), () -> resetter.beginBoot(id));
        return vdi(id);
    }

    @Override
    public Vdi resize(VdiId id, long sizeBytes) {
        changeFiles("resize VDI " + id, List.of(id), () -> resizer.resize(id, sizeBytes));
        return vdi(id);
    }

    @Override
    public Vdi revert(VdiId id, VdiId snapshot) {
        changeFiles("revert VDI " + id, List.of(id, snapshot), () -> reverter.revert(id, snapshot));
        sr.garbage.changed();
        return vdi(id);
    }

    @Override
    public Job copy(VdiId id, StorageRepository target, String name, @Nullable VdiId copy) {
        return Errors.translate("copy VDI " + id, () -> copies.start(id, target, name, copy));
    }

    @Override
    public VdiImport importVdi(VdiSpec spec, ContentOrigin origin) {
        NewVdi wanted = NewVdi.of(spec, sr.environment.uuids());
        return change("import VDI " + wanted.id(), () -> imports.begin(wanted, origin));
    }

    @Override
    public void destroy(VdiId id) {
        change("destroy VDI " + id, List.of(id), () -> remover.remove(id));
        sr.garbage.changed();
    }

    @Override
    public void destroyData(VdiId id) {
        change("give up the data of VDI " + id, List.of(id), () -> remover.destroyData(id));
        sr.garbage.changed();
    }

    @Override
    public Export attach(VdiId id, String holder, AccessMode mode) {
        return open("attach VDI " + id, id, () -> attacher.attach(id, holder, mode));
    }

    @Override
    public Export activate(VdiId id, String holder, AccessMode mode) {
        return open("activate VDI " + id, id, () -> attacher.activate(id, holder, mode));
    }

    @Override
    public Export attachAndActivate(VdiId id, String holder, AccessMode mode) {
        return open("attach VDI " + id, id, () -> attacher.attachAndActivate(id, holder, mode));
    }

    /** Takes a disk as its holder had it before the agent was started anew. */
    public void restore(VdiId id, String holder, AccessMode mode, @Nullable AccessMode active) {
        sr.restored.add(id);
        try {
            attach(id, holder, mode);
            if (active != null) {
                activate(id, holder, active);
            }
        } finally {
            sr.restored.remove(id);
        }
    }

    @Override
    public void keep(String file) {
        change("keep " + file, () -> {
            sr.tree.awaitOpenings();
            TwinDecision.keep(sr, file);
            sr.lookAtAll(sr.tree::aside);
        });
    }

    @Override
    public void acceptLoss() {
        change("accept the loss of writes", () -> {
            sr.tree.awaitOpenings();
            for (String file : sr.behind.acceptLoss()) {
                sr.tree.accept(file);
            }
            sr.lookAtAll(sr.tree::aside);
        });
    }

    /** Not a change: it must be possible also when an operation that failed cannot be completed. */
    @Override
    public void deactivate(VdiId id, String holder) {
        attacher.leave(
                id,
                holder,
                Holds.Since::equals,
                () -> locked("deactivate VDI " + id, id, () -> attacher.deactivate(id, holder)));
    }

    /** Not a change either. */
    @Override
    public void detach(VdiId id, String holder) {
        attacher.leave(
                id,
                holder,
                Holds.Since::isSameAttachment,
                () -> locked("detach VDI " + id, id, () -> attacher.detach(id, holder)));
    }

    @Override
    public List<Hold> holds() {
        return sr.holds.all();
    }

    @Override
    public PauseHistogram pauses() {
        return sr.attachments.pauses();
    }

    @Override
    public GarbageControl garbage() {
        return sr.garbage;
    }

    @Override
    public VdiContents contents() {
        return contents;
    }

    @Override
    public SrNotes notes() {
        return new LockedNotes(sr.tree, sr.storage);
    }

    /**
     * Removes what makes the directory an SR, and lets go of it. Files that are not the SR's own stay.
     *
     * @throws SrException with {@link SrError#SR_NOT_EMPTY} if nodes are left, base copies included
     */
    public void destroy() throws IOException {
        sr.tree.locked(() -> {
            sr.checkEmpty();
            return sr;
        });
        close();
        sr.erase();
    }

    /**
     * Lets go of the SR: stops its jobs, detaches all disks, and ends the session.
     *
     * @throws IOException if something could not be written; the SR is then recovered when it is attached again
     */
    @Override
    public void close() throws IOException {
        sr.garbage.close();
        sr.environment.jobs().cancelAll(sr.settings.id(), JOB_PATIENCE);
        kept.close();
        imports.abortAll();
        spools.closeAll();
        sr.close();
    }

    /** Runs what changes something: one after another, and after what failed last was completed. */
    private <T> T change(String what, Errors.Work<T> work) {
        return Errors.translate(what, () -> sr.tree.change(work));
    }

    private void change(String what, ChainSwaps.Change work) {
        change(what, List.of(), work);
    }

    /** As {@link #change(String, Errors.Work)}, of what concerns these disks. */
    private <T> T change(String what, List<VdiId> ids, Errors.Work<T> work) {
        return Errors.translate(what, () -> sr.tree.change(ids, work));
    }

    private void change(String what, List<VdiId> ids, ChainSwaps.Change work) {
        change(what, ids, () -> {
            work.make();
            return what;
        });
    }

    /**
     * As {@link #change(String, List, Errors.Work)}, of what changes the disks' files, so that garbage collection has to leave them: how
     * long that takes is up to the disks, so it is waited for before the SR's turn is taken.
     */
    private <T> T changeFiles(String what, List<VdiId> ids, Errors.Work<T> work) {
        return Errors.translate(what, () -> {
            for (VdiId id : ids) {
                sr.tree.locked(id, () -> sr.attachments.leaves().endOfWork(id)).take();
            }
            return sr.tree.change(ids, work);
        });
    }

    private void changeFiles(String what, List<VdiId> ids, ChainSwaps.Change work) {
        changeFiles(what, ids, () -> {
            work.make();
            return what;
        });
    }

    /** Runs what changes only how one disk is used, and opens it or looks whether it can be opened. */
    private <T> T open(String what, VdiId id, Errors.Work<T> work) {
        return Errors.translate(what, () -> sr.tree.open(id, work));
    }

    /** Runs what must also be possible when an operation that failed cannot be completed. */
    private <T> T locked(String what, Errors.Work<T> work) {
        return Errors.translate(what, () -> sr.tree.lockedIo(work));
    }

    /** Runs what changes only how one disk is used, also when an operation that failed cannot be completed. */
    private void locked(String what, VdiId id, ChainSwaps.Change work) {
        Errors.translate(
                what,
                () -> sr.tree.lockedIo(id, () -> {
                    work.make();
                    return what;
                }));
    }
}
