package io.catena.sr;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Job;
import io.catena.api.SnapshotResult;
import io.catena.api.Sr;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrStat;
import io.catena.api.StorageRepository;
import io.catena.api.TreeNode;
import io.catena.api.Uuids;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
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
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
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
    private final SrRecord record;
    private final Environment environment;
    private final Closeable lock;
    private final SrTree tree;
    private final VdiRecords records;
    private final Attachments attachments;
    private final SnapshotTaker snapshots;
    private final SrView view;

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
        tree = new SrTree(storage);
        records = new VdiRecords(storage);
        attachments = new Attachments(storage, environment.exporter(), redo);
        snapshots = new SnapshotTaker(storage, attachments, redo, environment);
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
        return Errors.translate("stat SR " + record.name(), () -> view.stat(sr(), record.chainLimit()));
    }

    @Override
    public SrStat scan() {
        return Errors.translate("scan SR " + record.name(), () -> {
            tree.change(() -> {
                tree.rescan();
                records.forget();
                return tree;
            });
            return view.stat(sr(), record.chainLimit());
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
                create(id, spec, size);
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

    /**
     * Makes a disk. The record comes first: without its node it means nothing, while a node without record would be a disk
     * that has lost its name.
     */
    private void create(VdiId id, VdiSpec spec, long size) throws IOException {
        String name = id + (spec.raw() ? ".raw" : ".vhd");
        if (tree.now().node(id).isPresent() || storage.exists(name)) {
            throw new SrException(SrError.VDI_EXISTS, "SR " + record.name() + " has a node with id " + id + " already")
                    .correction("Choose another id, or leave it out.");
        }
        try {
            make(id, spec, size, name);
        } catch (IOException | RuntimeException e) {
            unmake(id, name, e);
            throw e;
        }
        tree.refresh(List.of(name));
    }

    private void make(VdiId id, VdiSpec spec, long size, String name) throws IOException {
        String prepared = SrFiles.temporary(name);
        storage.delete(prepared);
        records.write(
                id,
                VdiRecord.of(
                        spec.name(),
                        spec.description(),
                        null,
                        environment.clock().instant()));
        if (spec.raw()) {
            try (BlockFile file = storage.create(prepared)) {
                file.truncate(size);
                file.sync();
            }
        } else {
            new VhdCreator(storage).dynamic(prepared, size, environment.uuids().get(), now());
        }
        storage.rename(prepared, name);
        storage.syncNames();
    }

    /** Else a disk that was refused would show up at the next scan, and its id could not be used again. */
    private void unmake(VdiId id, String name, Exception reason) {
        try {
            storage.delete(SrFiles.temporary(name));
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
                        requests.add(request(id, name, id));
                    }
                    return take(requests);
                }));
    }

    @Override
    public Vdi clone(VdiId id, String name) {
        return Errors.translate("clone VDI " + id, () -> {
            VdiId clone = tree.change(
                    () -> take(List.of(request(id, name, null))).get(0).vdi());
            return view.vdi(clone);
        });
    }

    private SnapshotTaker.Request request(VdiId id, String name, @Nullable VdiId snapshotOf) {
        Node source = view.usableVdi(id);
        if (!tree.now().children(source.name()).isEmpty()) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + id + " is the parent of other disks and cannot be cut")
                    .correction("Use one of the disks that build on it.");
        }
        int depth = tree.now().depth(source) + 1;
        if (depth > record.chainLimit()) {
            throw new SrException(
                            SrError.SNAPSHOT_CHAIN_TOO_LONG,
                            "The chain of VDI " + id + " would have " + depth + " nodes; SR " + record.name()
                                    + " allows " + record.chainLimit())
                    .correction("Delete snapshots of this disk, then merge what they held: catena gc run " + record.id()
                            + " --wait");
        }
        VdiRecord own = view.record(source);
        VdiRecord fresh = VdiRecord.of(
                name.isEmpty() ? own.name() : name,
                own.description(),
                snapshotOf,
                environment.clock().instant());
        return new SnapshotTaker.Request(
                source, own, new VdiId(environment.uuids().get()), fresh);
    }

    private List<SnapshotResult> take(List<SnapshotTaker.Request> requests) throws IOException {
        try {
            SnapshotTaker.Outcome outcome = snapshots.take(requests);
            tree.refresh(new LinkedHashSet<>(outcome.changed()));
            return outcome.results();
        } catch (SnapshotTaker.StuckException e) {
            tree.stuck(String.valueOf(e.getCause()));
            throw new IOException(e.getCause());
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
        } else if (node.file() == null || node.file().headers() == null) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + node.id() + " is a raw disk that others build on")
                    .correction("Destroy the disks that build on it first.");
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
        try (Closeable held = lock) {
            tree.lockedIo(() -> {
                attachments.detachAll();
                attachments.settleAll();
                Attaching.end(storage);
                return held;
            });
        }
    }
}
