package io.catena.sr;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Job;
import io.catena.api.JobControl;
import io.catena.api.SnapshotResult;
import io.catena.api.Sr;
import io.catena.api.SrChange;
import io.catena.api.SrCheck;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrStat;
import io.catena.api.StorageRepository;
import io.catena.api.TreeNode;
import io.catena.api.Uuids;
import io.catena.api.Vdi;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import io.catena.format.Footer;
import io.catena.format.VhdTime;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.HiddenFlag;
import io.catena.vhd.VhdCreator;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An SR over VHD chains in a directory: checks requests and hands them to those who do the work.
 *
 * <p><b>The path of a snapshot:</b> this, {@link SnapshotTaker}, {@link io.catena.op.Snapshot}, {@link
 * io.catena.op.Journal}, {@link Storage}; and for attached disks {@link io.catena.disk.LiveDisk#pause}.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class VhdRepository implements StorageRepository, Closeable {
    private static final Duration JOB_PATIENCE = Duration.ofSeconds(60);

    private final Storage storage;
    private final String path;
    private final Resizer resizer;
    private final Reverter reverter;
    private final Environment environment;
    private final Closeable lock;
    private final SrTree tree;
    private final VdiRecords records;

    /** Used under the tree lock. */
    private final FileWatch recordFiles;

    private final Attachments attachments;
    private final SnapshotTaker snapshots;
    private final SrView view;

    /** What is being imported; those that are under way when the SR is closed are given up. */
    private final Set<Import> imports = ConcurrentHashMap.newKeySet();

    /** Replaced whole, under the tree lock, after it was written. */
    private volatile SrRecord record;

    private VhdRepository(
            Storage storage,
            String path,
            SrRecord record,
            Environment environment,
            Closeable lock,
            Attachments.RedoStore redo)
            throws IOException {
        this.storage = storage;
        this.path = path;
        this.record = record;
        this.environment = environment;
        this.lock = lock;
        tree = new SrTree(storage, environment.clock());
        records = new VdiRecords(storage);
        recordFiles = new FileWatch(storage, SrFiles.VDI_RECORDS, environment.clock());
        attachments = new Attachments(storage, environment.exporter(), redo);
        snapshots = new SnapshotTaker(storage, attachments, redo, environment, tree);
        resizer = new Resizer(storage, attachments);
        reverter = new Reverter(storage, tree, attachments, environment);
        view = new SrView(storage, record.srId(), tree, records, attachments);
    }

    /** Makes an empty SR of a directory that has no files. */
    public static void create(Storage storage, SrId id, String name) {
        Errors.translate("create SR \"" + name + "\"", () -> {
            if (!storage.list("").isEmpty() || SrRecord.read(storage).isPresent()) {
                throw new SrException(SrError.SR_EXISTS, "The directory for SR \"" + name + "\" is not empty")
                        .correction("Give an empty directory, or adopt the disks there with \"catena sr attach\".");
            }
            new SrRecord(id.toString(), name, SrRecord.OWN_CHAIN_LIMIT).write(storage);
            return name;
        });
    }

    /**
     * Attaches an SR, after recovery of what was interrupted. A directory that is no SR yet is adopted: its VHDs become
     * disks as they are.
     *
     * @param path the directory, for messages; its last part, if a UUID, is an adopted SR's id
     */
    public static VhdRepository attach(Storage storage, String path, Environment environment) {
        return Errors.translate("attach " + path, () -> {
            Closeable lock = storage.lock(SrFiles.LOCK);
            try {
                Optional<SrRecord> known = SrRecord.read(storage);
                SrRecord record = known.orElseGet(() -> adopted(path, environment));
                Attachments.RedoStore redo = new Attaching(storage, environment).begin(record);
                if (known.isEmpty()) {
                    record.write(storage);
                }
                return new VhdRepository(storage, path, record, environment, lock, redo);
            } catch (IOException | RuntimeException e) {
                lock.close();
                throw e;
            }
        });
    }

    private static SrRecord adopted(String path, Environment environment) {
        String name = Objects.requireNonNullElse(Path.of(path).getFileName(), Path.of("sr"))
                .toString();
        UUID id =
                Uuids.isUuid(name) ? UUID.fromString(name) : environment.uuids().get();
        return new SrRecord(id.toString(), name, SrRecord.SHARED_CHAIN_LIMIT);
    }

    /** Returns the SR's identity. */
    public Sr sr() {
        return new Sr(record.srId(), record.name(), path, true);
    }

    /** Returns the disks that are attached, and how. */
    public List<Export> attached() {
        return tree.locked(() ->
                attachments.all().stream().map(Attachments.Attachment::export).toList());
    }

    @Override
    public SrStat stat() {
        return Errors.translate("stat SR " + record.name(), () -> view.stat(sr(), record));
    }

    @Override
    public SrStat scan() {
        return Errors.translate("scan SR " + record.name(), () -> {
            tree.change(() -> {
                lookForChanges();
                return tree;
            });
            return view.stat(sr(), record);
        });
    }

    private void lookForChanges() throws IOException {
        records.forget(recordFiles.changes());
        tree.update(attachments.nodes()::isOpen);
    }

    private void lookAtAll() throws IOException {
        tree.rescan();
        records.forget();
        lookForChanges();
    }

    @Override
    public SrCheck check(boolean repair) {
        return Errors.translate(
                "check SR " + record.name(),
                () -> tree.lockedIo(() -> {
                    tree.tryToComplete();
                    lookAtAll();
                    SrCheck check = new Checker(storage, tree, view, records, repair).check(record.srId(), preparing());
                    if (repair) {
                        lookAtAll();
                    }
                    return check;
                }));
    }

    private Set<String> preparing() {
        return imports.stream().map(Import::file).collect(Collectors.toSet());
    }

    @Override
    public SrStat set(SrChange change) {
        return Errors.translate("change SR " + record.name(), () -> {
            tree.change(() -> {
                SrRecord changed = record.with(change);
                changed.write(storage);
                record = changed;
                return changed;
            });
            return view.stat(sr(), record);
        });
    }

    @Override
    public List<Vdi> vdis() {
        return Errors.translate("list the disks of SR " + record.name(), view::vdis);
    }

    @Override
    public Vdi vdi(VdiId id) {
        return Errors.translate("stat VDI " + id, () -> view.vdi(id));
    }

    @Override
    public List<TreeNode> tree() {
        return Errors.translate("show SR " + record.name(), view::tree);
    }

    @Override
    public Vdi create(VdiSpec spec) {
        long size = spec.raw() ? spec.sizeBytes() : VhdCreator.roundedSize(spec.sizeBytes());
        checkSize(spec, size);
        VdiId id = Objects.requireNonNullElseGet(
                spec.id(), () -> new VdiId(environment.uuids().get()));
        return Errors.translate("create VDI " + id, () -> {
            tree.change(() -> {
                if (!isThereAlready(id, spec, size)) {
                    create(id, spec, size);
                }
                return id;
            });
            return view.vdi(id);
        });
    }

    private static void checkSize(VdiSpec spec, long size) {
        if (spec.sizeBytes() <= 0 || size % 512 != 0) {
            throw new SrException(SrError.VDI_SIZE, "A disk of " + spec.sizeBytes() + " bytes cannot be made")
                    .correction("Give a positive number of bytes, for a raw disk a multiple of 512.");
        }
        if (!spec.raw() && size > Footer.MAX_DISK_BYTES) {
            throw new SrException(
                            SrError.VDI_SIZE,
                            "A disk of " + spec.sizeBytes() + " bytes cannot be made: VHD disks have at most "
                                    + Footer.MAX_DISK_BYTES + " (2040 GiB)")
                    .correction("Use several disks, or a raw one (--raw).");
        }
    }

    /** Who got no answer may ask again; but a disk that is another must not be taken for the one that was asked for. */
    private boolean isThereAlready(VdiId id, VdiSpec spec, long size) {
        Optional<Node> node = tree.now().node(id).filter(n -> !n.hidden() && n.file() != null);
        if (node.isEmpty()) {
            return false;
        }
        VdiRecord own = view.record(node.get());
        List<String> differences = new ArrayList<>();
        note(differences, "size", node.get().sizeBytes(), size);
        note(differences, "name", own.name(), spec.name());
        note(differences, "description", own.description(), spec.description());
        note(differences, "keys", own.allKeys(), spec.keys());
        note(differences, "raw", node.get().name().endsWith(".raw"), spec.raw());
        if (!differences.isEmpty()) {
            throw new SrException(
                            SrError.VDI_EXISTS,
                            "SR " + record.name() + " has a VDI " + id + " already, with another "
                                    + String.join(", ", differences))
                    .correction("Choose another id, or leave it out.");
        }
        return true;
    }

    private static void note(List<String> differences, String what, Object found, Object wanted) {
        if (!found.equals(wanted)) {
            differences.add(what + " (" + found + ", asked for " + wanted + ")");
        }
    }

    /**
     * Makes a disk. The record comes first: without its node it means nothing, while a node without record would be a disk
     * that has lost its name.
     */
    private void create(VdiId id, VdiSpec spec, long size) throws IOException {
        String name = id + (spec.raw() ? ".raw" : ".vhd");
        refuseTaken(id, name);
        try {
            make(id, spec, size, name);
        } catch (IOException | RuntimeException e) {
            unmake(id, SrFiles.temporary(name), name, e);
            throw e;
        }
        tree.refresh(List.of(name));
    }

    private void refuseTaken(VdiId id, String name) throws IOException {
        if (tree.now().node(id).isPresent() || storage.exists(name)) {
            throw new SrException(SrError.VDI_EXISTS, "SR " + record.name() + " has a node with id " + id + " already")
                    .correction("Choose another id, or leave it out.");
        }
    }

    private void make(VdiId id, VdiSpec spec, long size, String name) throws IOException {
        String prepared = SrFiles.temporary(name);
        storage.delete(prepared);
        writeRecord(id, spec);
        makeFile(prepared, spec, size);
        storage.rename(prepared, name);
        storage.syncNames();
    }

    private void writeRecord(VdiId id, VdiSpec spec) throws IOException {
        records.write(
                id,
                VdiRecord.of(
                        spec.name(),
                        spec.description(),
                        null,
                        environment.clock().instant(),
                        spec.keys()));
    }

    private void makeFile(String prepared, VdiSpec spec, long size) throws IOException {
        if (spec.raw()) {
            try (BlockFile file = storage.create(prepared)) {
                file.truncate(size);
                file.sync();
            }
        } else {
            new VhdCreator(storage).dynamic(prepared, size, environment.uuids().get(), now());
        }
    }

    /** Else a disk that was refused would show up at the next scan, and its id could not be used again. */
    private void unmake(VdiId id, String prepared, String name, Exception reason) {
        try {
            storage.delete(prepared);
            storage.delete(name);
            records.delete(id);
            storage.syncNames();
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    private int now() {
        return VhdTime.fromEpochSeconds(environment.clock().instant().getEpochSecond());
    }

    @Override
    public List<SnapshotResult> snapshot(List<VdiId> ids, String name) {
        if (ids.isEmpty() || new LinkedHashSet<>(ids).size() != ids.size()) {
            throw new SrException(SrError.BAD_REQUEST, "A snapshot needs disks, each named once; given: " + ids);
        }
        return Errors.translate(
                "snapshot " + ids,
                () -> tree.change(() -> {
                    List<SnapshotTaker.Request> requests = new ArrayList<>();
                    for (VdiId id : ids) {
                        requests.add(request(id, name, id, 0));
                    }
                    return take(requests);
                }));
    }

    @Override
    public Vdi clone(VdiId id, String name, long sizeBytes) {
        return Errors.translate("clone VDI " + id, () -> {
            VdiId clone = tree.change(() ->
                    take(List.of(request(id, name, null, sizeBytes))).get(0).vdi());
            return view.vdi(clone);
        });
    }

    private static long cloneSize(Node source, long sizeBytes) {
        if (sizeBytes == 0 || sizeBytes == source.sizeBytes()) {
            return 0;
        }
        long size = VhdCreator.roundedSize(sizeBytes);
        if (sizeBytes < source.sizeBytes() || size > Footer.MAX_DISK_BYTES) {
            throw new SrException(
                            SrError.VDI_SIZE,
                            "A clone of VDI " + source.id() + " cannot have " + sizeBytes + " bytes; it has from "
                                    + source.sizeBytes() + " to " + Footer.MAX_DISK_BYTES)
                    .correction("Leave out the size to get that of the source.");
        }
        return size;
    }

    @Override
    public Vdi set(VdiId id, VdiChange change) {
        return Errors.translate("change VDI " + id, () -> {
            tree.change(() -> {
                records.write(id, view.record(view.visible(id)).with(change));
                return id;
            });
            return view.vdi(id);
        });
    }

    @Override
    public Vdi resize(VdiId id, long sizeBytes) {
        return Errors.translate("resize VDI " + id, () -> {
            tree.change(() -> {
                Node node = view.usableVdi(id);
                checkNotRead(id);
                if (view.record(node).snapshotOf() != null) {
                    throw new SrException(SrError.VDI_TYPE, "VDI " + id + " is a snapshot, which does not change")
                            .correction("Make a larger disk of it: catena vdi clone " + id + " --size SIZE");
                }
                if (resizer.resize(tree.now(), node, sizeBytes)) {
                    tree.refresh(List.of(node.name()));
                }
                return id;
            });
            return view.vdi(id);
        });
    }

    @Override
    public Vdi revert(VdiId id, VdiId snapshot) {
        return Errors.translate("revert VDI " + id, () -> {
            tree.change(() -> {
                Node disk = view.visible(id);
                Node content = view.usableVdi(snapshot);
                checkRevert(disk, content);
                VdiRecord own = view.record(disk);
                tree.refresh(reverter.revert(disk, content, () -> {
                    records.write(id, own);
                    return id;
                }));
                return id;
            });
            return view.vdi(id);
        });
    }

    /** A disk that cannot be used can be reverted all the same: its own file is not needed. */
    private void checkRevert(Node disk, Node snapshot) {
        VdiRecord record = view.record(snapshot);
        boolean madeElsewhere = record.snapshotOf() == null && record.created() == null;
        if (disk.id().equals(snapshot.id()) || !(disk.id().equals(record.snapshotOfId()) || madeElsewhere)) {
            throw new SrException(
                            SrError.BAD_REQUEST, "VDI " + snapshot.id() + " is not a snapshot of VDI " + disk.id())
                    .correction("See which are: catena vdi ls " + this.record.id());
        }
        checkDetached(disk.id());
        if (attachments
                .get(snapshot.id())
                .filter(a -> a.mode() == AccessMode.READ_WRITE)
                .isPresent()) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + snapshot.id() + " is being written to")
                    .correction("Detach it first: catena vdi detach " + snapshot.id());
        }
        if (view.record(disk).snapshotOf() != null) {
            throw new SrException(SrError.VDI_TYPE, "VDI " + disk.id() + " is a snapshot, which does not change")
                    .correction("Make a writable disk: catena vdi clone " + snapshot.id());
        }
        if (!tree.now().children(disk.name()).isEmpty() || tree.now().isNamedByDamaged(disk)) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + disk.id() + " is the parent of other disks")
                    .correction("Make a writable disk of the snapshot: catena vdi clone " + snapshot.id());
        }
    }

    private SnapshotTaker.Request request(VdiId id, String name, @Nullable VdiId snapshotOf, long sizeBytes) {
        Node source = view.usableVdi(id);
        checkNotRead(id);
        if (!tree.now().children(source.name()).isEmpty()) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + id + " is the parent of other disks and cannot be cut")
                    .correction("Use one of the disks that build on it.");
        }
        ChainBudget budget = ChainBudget.of(record);
        Runnable mayDeepen = () -> budget.check(tree.now(), source, tree.now().depth(source) + 1);
        VdiRecord own = view.record(source);
        VdiRecord fresh = VdiRecord.of(
                name.isEmpty() ? own.name() : name,
                own.description(),
                snapshotOf,
                environment.clock().instant(),
                Map.of());
        return new SnapshotTaker.Request(
                source, own, new VdiId(environment.uuids().get()), fresh, cloneSize(source, sizeBytes), mayDeepen);
    }

    private List<SnapshotResult> take(List<SnapshotTaker.Request> requests) throws IOException {
        try {
            SnapshotTaker.Outcome outcome = snapshots.take(requests);
            tree.refresh(new LinkedHashSet<>(outcome.changed()));
            ChainBudget budget = ChainBudget.of(record);
            return outcome.results().stream()
                    .map(r -> new SnapshotResult(
                            r.vdi(),
                            r.of(),
                            r.pauseMicros(),
                            view.chainWarning(r.of(), budget).orElse(null)))
                    .toList();
        } catch (SnapshotTaker.StuckException e) {
            tree.stuck(String.valueOf(e.getCause()));
            throw new IOException(e.getCause());
        }
    }

    /**
     * Copies as a job. The disk is opened when the job begins, so a job that waits holds nothing.
     */
    @Override
    public Job copy(VdiId id, StorageRepository target, String name, @Nullable VdiId copy) {
        VdiSpec spec = Errors.translate(
                "copy VDI " + id,
                () -> tree.change(() -> {
                    Node node = view.usableVdi(id);
                    checkNotWritten(id);
                    VdiRecord own = view.record(node);
                    String wanted = name.isEmpty() ? own.name() : name;
                    return new VdiSpec(
                            node.sizeBytes(),
                            wanted,
                            own.description(),
                            Objects.requireNonNullElseGet(
                                    copy, () -> new VdiId(environment.uuids().get())),
                            node.sizeBytes() > Footer.MAX_DISK_BYTES,
                            own.allKeys());
                }));
        return environment.jobs().start("copy", record.srId(), control -> {
            Vdi made = copy(id, target, spec, control);
            return "copied to VDI " + made.vdi();
        });
    }

    private Vdi copy(VdiId id, StorageRepository target, VdiSpec spec, JobControl control) throws IOException {
        Attachments.Reader reader = tree.change(() -> {
            Node node = view.usableVdi(id);
            checkNotWritten(id);
            return attachments.openReader(id, ChainFile.read(storage, node.name()));
        });
        try (VdiImport importing = target.importVdi(spec)) {
            return new Copier(reader.disk(), importing, control).copy();
        } finally {
            tree.lockedIo(() -> {
                attachments.closeReader(reader);
                return reader;
            });
        }
    }

    private void checkNotWritten(VdiId id) {
        if (attachments.get(id).filter(a -> a.mode() == AccessMode.READ_WRITE).isPresent()) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + id + " is attached rw, and changes while it is copied")
                    .correction("Take a snapshot and copy that: catena vdi snapshot " + id);
        }
    }

    private void checkNotRead(VdiId id) {
        if (attachments.isRead(id)) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + id + " is being copied")
                    .correction("Wait for the job, or cancel it: catena job ls");
        }
    }

    @Override
    public VdiImport importVdi(VdiSpec spec) {
        long size = spec.raw() ? spec.sizeBytes() : VhdCreator.roundedSize(spec.sizeBytes());
        checkSize(spec, size);
        VdiId id = Objects.requireNonNullElseGet(
                spec.id(), () -> new VdiId(environment.uuids().get()));
        return Errors.translate("import VDI " + id, () -> tree.change(() -> beginImport(id, spec, size)));
    }

    private Import beginImport(VdiId id, VdiSpec spec, long size) throws IOException {
        String name = id + (spec.raw() ? ".raw" : ".vhd");
        refuseTaken(id, name);
        String prepared = SrFiles.temporary("import-" + environment.uuids().get() + (spec.raw() ? ".raw" : ".vhd"));
        try {
            makeFile(prepared, spec, size);
            Import begun = new Import(
                    prepared,
                    ChainFile.read(storage, prepared).openWritable(storage, null),
                    new Finish(id, spec, prepared, name));
            imports.add(begun);
            return begun;
        } catch (IOException e) {
            deleteAfter(e, prepared);
            throw e;
        }
    }

    private void deleteAfter(Exception reason, String name) {
        try {
            storage.delete(name);
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    /** Makes what was imported a disk, in the order of {@link #create(VdiId, VdiSpec, long)}. */
    private final class Finish implements Import.Finish {
        private final VdiId id;
        private final VdiSpec spec;
        private final String prepared;
        private final String name;

        Finish(VdiId id, VdiSpec spec, String prepared, String name) {
            this.id = id;
            this.spec = spec;
            this.prepared = prepared;
            this.name = name;
        }

        @Override
        public Vdi commit() throws IOException {
            forget();
            tree.change(() -> {
                refuseTaken(id, name);
                try {
                    writeRecord(id, spec);
                    storage.rename(prepared, name);
                    storage.syncNames();
                } catch (IOException | RuntimeException e) {
                    unmake(id, prepared, name, e);
                    throw e;
                }
                tree.refresh(List.of(name));
                return id;
            });
            return view.vdi(id);
        }

        @Override
        public void discard() throws IOException {
            forget();
            storage.delete(prepared);
        }

        private void forget() {
            imports.removeIf(i -> i.file().equals(prepared));
        }
    }

    @Override
    public void destroy(VdiId id) {
        Errors.translate(
                "destroy VDI " + id,
                () -> tree.change(() -> {
                    Optional<Node> node = tree.now().node(id).filter(n -> !n.hidden());
                    if (node.isPresent()) {
                        checkDetached(id);
                        remove(node.get());
                    }
                    return id;
                }));
    }

    private void checkDetached(VdiId id) {
        checkNotRead(id);
        if (attachments.get(id).isPresent()) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + id + " is attached")
                    .correction("Detach it first: catena vdi detach " + id);
        }
    }

    /**
     * Deletes a disk's node, or hides it if others build on it. The record goes last: should it survive a power cut alone,
     * it means nothing.
     */
    private void remove(Node node) throws IOException {
        if (tree.now().children(node.name()).isEmpty()) {
            if (tree.now().isNamedByDamaged(node)) {
                throw new SrException(
                                SrError.VDI_IN_USE,
                                "VDI " + node.id() + " is the parent of a file whose headers are damaged")
                        .correction("Repair or remove that file first; \"catena sr stat\" names it.");
            }
            storage.delete(node.name());
        } else if (node.file() == null) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + node.id() + " cannot be read, and others build on it")
                    .correction("Destroy the disks that build on it first.");
        } else if (node.file().headers() == null) {
            records.write(node.id(), VdiRecord.ofBaseCopy());
            tree.refresh(List.of(node.name()));
            return;
        } else {
            HiddenFlag.set(storage, node.name(), true);
        }
        storage.syncNames();
        records.delete(node.id());
        storage.syncNames();
        tree.refresh(List.of(node.name()));
    }

    @Override
    public Export attach(VdiId id, AccessMode mode) {
        return Errors.translate(
                "attach VDI " + id,
                () -> tree.change(() -> {
                    Node node = view.usableVdi(id);
                    Optional<Attachments.Attachment> now = attachments.get(id);
                    if (now.isPresent() && now.get().mode() != mode) {
                        throw new SrException(
                                        SrError.VDI_IN_USE,
                                        "VDI " + id + " is attached "
                                                + now.get().mode().symbol())
                                .correction("Detach it first: catena vdi detach " + id);
                    }
                    if (now.isPresent()) {
                        return now.get().export();
                    }
                    if (mode == AccessMode.READ_WRITE) {
                        checkNotRead(id);
                    }
                    if (mode == AccessMode.READ_WRITE && view.isReadOnly(node)) {
                        throw new SrException(
                                        SrError.VDI_TYPE,
                                        "VDI " + id
                                                + " is a snapshot or the parent of other disks, and can only be read")
                                .correction(
                                        "Attach it with --read-only, or make a writable copy: catena vdi clone " + id);
                    }
                    return attachments.attach(id, ChainFile.read(storage, node.name()), mode);
                }));
    }

    @Override
    public void detach(VdiId id) {
        Errors.translate(
                "detach VDI " + id,
                () -> tree.lockedIo(() -> {
                    attachments.detach(id);
                    return id;
                }));
    }

    /** One at a time: two could merge the same pair of nodes. */
    @Override
    public synchronized Job collectGarbage() {
        Jobs jobs = environment.jobs();
        return jobs.jobs().stream()
                .filter(job -> job.sr().equals(record.srId()) && !job.state().ended())
                .findFirst()
                .orElseGet(() -> jobs.start(
                        "gc",
                        record.srId(),
                        control -> new GarbageCollector(storage, tree, attachments, control).run()));
    }

    /**
     * Removes what makes the directory an SR, and lets go of it. Files that are not the SR's own stay.
     *
     * @throws SrException with {@link SrError#SR_NOT_EMPTY} if nodes are left, base copies included
     */
    public void destroy() throws IOException {
        tree.lockedIo(() -> {
            if (!tree.now().nodes().isEmpty()) {
                throw new SrException(
                                SrError.SR_NOT_EMPTY,
                                "SR " + record.name() + " still has "
                                        + tree.now().nodes().size() + " nodes")
                        .correction("Destroy its disks, then delete what they leave: catena gc run " + record.id()
                                + " --wait");
            }
            return this;
        });
        close();
        for (String name : SrFiles.all(storage)) {
            storage.delete(name);
        }
        storage.syncNames();
    }

    /**
     * Lets go of the SR: stops its jobs, detaches all disks, and ends the session.
     *
     * @throws IOException if something could not be written; the SR is then recovered when it is attached again
     */
    @Override
    public void close() throws IOException {
        environment.jobs().cancelAll(record.srId(), JOB_PATIENCE);
        List.copyOf(imports).forEach(Import::abort);
        try (Closeable held = lock) {
            tree.lockedIo(() -> {
                tree.close();
                attachments.detachAll();
                attachments.settleAll();
                Attaching.end(storage);
                return held;
            });
        }
    }
}
