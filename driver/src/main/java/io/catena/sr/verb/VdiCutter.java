package io.catena.sr.verb;

import io.catena.api.SnapshotResult;
import io.catena.api.SnapshotSpec;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrLimits;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.format.Footer;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.open.Admission;
import io.catena.sr.open.FreeNames;
import io.catena.sr.open.OpenSr;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.tree.ChainBudget;
import io.catena.sr.tree.Node;
import io.catena.vhd.ChainFile;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Checks what snapshots and clones are asked for, and has them made.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class VdiCutter {
    private final OpenSr sr;
    private final SnapshotTaker taker;

    public VdiCutter(OpenSr sr) {
        this.sr = sr;
        this.taker = new SnapshotTaker(sr.storage, sr.attachments, sr.redo, sr.environment, sr.tree);
    }

    /** Takes snapshots of several disks at one instant. */
    public List<SnapshotResult> snapshot(List<VdiId> ids, String name) throws IOException {
        return take(requests(ids, name));
    }

    private List<CutRequest> requests(List<VdiId> ids, String name) throws IOException {
        List<CutRequest> requests = new ArrayList<>();
        for (VdiId id : ids) {
            requests.add(request(id, name, id, 0));
        }
        return requests;
    }

    /** Makes sure that snapshots of these disks would be taken. */
    void checkSnapshot(List<VdiId> ids) throws IOException {
        check(requests(ids, ""));
    }

    /** Makes sure that a clone of this size would be made. */
    void checkClone(VdiId id, long sizeBytes) throws IOException {
        check(List.of(request(id, "", null, sizeBytes)));
    }

    private void check(List<CutRequest> requests) throws IOException {
        admit(requests);
        taker.check(requests);
    }

    /** Takes snapshots under ids that were chosen, at one instant. */
    public List<SnapshotResult> snapshot(List<SnapshotSpec> specs) throws IOException {
        List<CutRequest> requests = new ArrayList<>();
        boolean anyDistinct = specs.stream().anyMatch(SnapshotSpec::distinct);
        Optional<FreeNames> names = anyDistinct ? Optional.of(FreeNames.of(sr)) : Optional.empty();
        for (SnapshotSpec spec : specs) {
            refuseTaken(spec.snapshot());
            String name = spec.distinct() ? names.orElseThrow().take(spec.name()) : spec.name();
            requests.add(request(spec.of(), name, spec.of(), 0, spec.snapshot(), spec.keys()));
        }
        return take(requests);
    }

    private void refuseTaken(VdiId id) throws IOException {
        if (sr.tree.now().node(id).isPresent() || sr.view.hasNoData(id) || sr.storage.exists(id + ".vhd")) {
            throw new SrException(SrError.VDI_EXISTS, "There is a node " + id + " already");
        }
    }

    /**
     * Makes a clone; returns its id.
     *
     * @param sizeBytes 0 for that of the source
     */
    public VdiId clone(VdiId id, String name, long sizeBytes) throws IOException {
        return take(List.of(request(id, name, null, sizeBytes))).get(0).vdi();
    }

    /**
     * Checks whether a disk may be made upon another.
     *
     * @param filled a file that holds what differs from the base, under a temporary name
     */
    CutRequest request(VdiId base, NewVdi vdi, @Nullable UUID origin, String filled) throws IOException {
        refuseTaken(vdi.id());
        sr.use.checkNotWritten(base);
        VdiSpec spec = vdi.spec();
        CutRequest clone = request(base, spec.name(), null, vdi.sizeBytes(), vdi.id(), spec.keys());
        VdiChange description = new VdiChange(null, spec.description(), Map.of(), Set.of(), null);
        return clone.filledBy(clone.record().with(description).withOrigin(origin), filled);
    }

    /** Makes a disk whose own data is there already. The file is gone if this fails, or with what completes it later. */
    void make(CutRequest request) throws IOException {
        take(List.of(request));
    }

    private CutRequest request(VdiId id, String name, @Nullable VdiId snapshotOf, long sizeBytes) throws IOException {
        VdiId fresh = new VdiId(sr.environment.uuids().get());
        return request(id, name, snapshotOf, sizeBytes, fresh, Map.of());
    }

    private CutRequest request(
            VdiId id, String name, @Nullable VdiId snapshotOf, long sizeBytes, VdiId freshId, Map<String, String> keys)
            throws IOException {
        Node source = sr.view.usableVdi(id);
        sr.view.refuseContradiction(source);
        refuseTooLarge(source);
        if (sr.use.isRead(id) && !staysAsItIs(source)) {
            sr.use.checkNotRead(id);
        }
        if (!sr.tree.now().children(source.name()).isEmpty()) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + id + " is the parent of other disks and cannot be cut")
                    .correction("Use one of the disks that build on it.");
        }
        ChainBudget budget = sr.settings.chainBudget();
        Runnable mayDeepen =
                () -> budget.check(sr.tree.now(), source, sr.tree.now().depth(source) + 1);
        VdiRecord own = sr.view.record(source);
        VdiRecord fresh = VdiRecord.of(
                name.isEmpty() ? own.name() : name,
                own.description(),
                snapshotOf,
                sr.environment.clock().instant(),
                withOwner(own, keys));
        long cloneBytes = cloneSize(source, sizeBytes);
        if (cloneBytes == 0) {
            fresh = fresh.withOrigin(own.originId());
        }
        return new CutRequest(
                source,
                own,
                freshId,
                mayLackZeros(source, own) ? fresh.withZerosElided() : fresh,
                cloneBytes,
                mayDeepen,
                null);
    }

    /** Whether a cut leaves a file alone, so that whoever reads it is not disturbed: that of a snapshot that holds nothing. */
    private boolean staysAsItIs(Node source) throws IOException {
        return sr.view.record(source).snapshotOf() != null
                && source.parent() != null
                && LeafReplacer.isEmpty(sr.storage, ChainFile.read(sr.storage, source.name()));
    }

    /** An active disk may still leave out some before it is cut. */
    private boolean mayLackZeros(Node source, VdiRecord record) throws IOException {
        boolean mayElide = sr.attachments
                .get(source.id())
                .filter(active -> !active.disk().readOnly() && !active.zeros().areKept())
                .isPresent();
        return mayElide || record.areZerosElided() || sr.zeros.mayBeIn(source.id());
    }

    /** What a guest writes after a cut is kept in VHDs, also that of a raw disk. */
    private static void refuseTooLarge(Node source) {
        if (source.sizeBytes() > Footer.MAX_DISK_BYTES) {
            throw new SrException(
                            SrError.VDI_SIZE,
                            "VDI " + source.id() + " has " + source.sizeBytes() + " bytes, and only disks of at most "
                                    + Footer.MAX_DISK_BYTES + " (2040 GiB) can have snapshots and clones")
                    .correction("Copy the disk while nobody writes to it: ", Remedy.of(Verb.VDI_COPY, source.id()));
        }
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

    private void admit(List<CutRequest> requests) throws IOException {
        // What an import brings was admitted when that began.
        List<Admission.Growth> growths = requests.stream()
                .filter(request -> request.filled() == null)
                .map(VdiCutter::growth)
                .toList();
        if (!growths.isEmpty()) {
            sr.admission.check(sr.tree.now(), growths);
        }
    }

    private List<SnapshotResult> take(List<CutRequest> requests) throws IOException {
        admit(requests);
        SnapshotTaker.Outcome outcome = taker.take(requests);
        sr.tree.refresh(new LinkedHashSet<>(outcome.changed()));
        List<SnapshotResult> results =
                outcome.results().stream().map(this::withWarning).toList();
        if (results.stream().anyMatch(result -> result.warning() != null)) {
            sr.garbage.deepened();
        }
        return results;
    }

    private static Admission.Growth growth(CutRequest request) {
        String owner = Admission.owner(request.record());
        VdiId of = request.record().snapshotOfId();
        long sizeBytes = request.sizeBytes() == 0 ? request.source().sizeBytes() : request.sizeBytes();
        return of == null ? Admission.Growth.ofDisk(owner, sizeBytes) : Admission.Growth.ofSnapshot(owner, of);
    }

    /** What is cut from somebody's disk is his. */
    private static Map<String, String> withOwner(VdiRecord own, Map<String, String> keys) {
        Map<String, String> all = new TreeMap<>(keys);
        if (!Admission.owner(own).isEmpty()) {
            all.putIfAbsent(SrLimits.OWNER, Admission.owner(own));
        }
        return all;
    }

    private SnapshotResult withWarning(SnapshotResult result) {
        return new SnapshotResult(
                result.vdi(),
                result.of(),
                result.pauseMicros(),
                sr.view.chainWarning(result.of(), sr.settings.chainBudget()).orElse(null));
    }
}
