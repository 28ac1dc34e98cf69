package io.catena.agent.host;

import io.catena.api.AccessMode;
import io.catena.api.ChainNode;
import io.catena.api.ContentOrigin;
import io.catena.api.DeletionGain;
import io.catena.api.Export;
import io.catena.api.GarbageControl;
import io.catena.api.GcChange;
import io.catena.api.GcSettings;
import io.catena.api.GcStatus;
import io.catena.api.Hold;
import io.catena.api.Job;
import io.catena.api.JointGain;
import io.catena.api.SnapshotResult;
import io.catena.api.SnapshotSpec;
import io.catena.api.Sr;
import io.catena.api.SrChange;
import io.catena.api.SrCheck;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrHealth;
import io.catena.api.SrLimits;
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
import io.catena.sr.job.Jobs;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** An SR in memory, whose disks have no content. What is in {@link #vdis} outlives an attach, as files would. */
final class MemoryRepository implements StorageRepository {
    private final Sr sr;
    private final Map<VdiId, Vdi> vdis;
    private final Jobs jobs;
    private final Map<String, String> notes = new ConcurrentSkipListMap<>();
    private final MemorySrs srs;

    /** By disk and holder. */
    final Map<String, Hold> holds = new TreeMap<>();

    private GcSettings gc = GcSettings.DEFAULT;

    MemoryRepository(Sr sr, Map<VdiId, Vdi> vdis, Jobs jobs, MemorySrs srs) {
        this.sr = sr;
        this.vdis = vdis;
        this.jobs = jobs;
        this.srs = srs;
    }

    @Override
    public synchronized SrStat stat() {
        long virtual = vdis.values().stream().mapToLong(Vdi::virtualSizeBytes).sum();
        return new SrStat(
                sr,
                "",
                100L << 30,
                60L << 30,
                4096L * vdis.size(),
                virtual,
                vdis.size(),
                vdis.size(),
                1,
                30,
                24,
                List.of(),
                List.of(),
                SrHealth.of(List.of()));
    }

    @Override
    public SrStat scan() {
        return stat();
    }

    @Override
    public synchronized List<Vdi> vdis() {
        return vdis.keySet().stream()
                .map(this::vdi)
                .sorted(Comparator.comparing(Vdi::name).thenComparing(Vdi::vdi))
                .toList();
    }

    @Override
    public synchronized Vdi vdi(VdiId id) {
        Vdi vdi = vdis.get(id);
        if (vdi == null) {
            throw new SrException(SrError.VDI_MISSING, "There is no VDI " + id + " in SR " + sr.id());
        }
        List<Hold> own = holds().stream().filter(hold -> hold.vdi().equals(id)).toList();
        Export export = own.isEmpty() ? null : export(own.get(0));
        boolean active = own.stream().anyMatch(hold -> hold.active() != null);
        Vdi.State state = export == null ? Vdi.State.DETACHED : active ? Vdi.State.ACTIVE : Vdi.State.ATTACHED;
        return copy(vdi, id, vdi.name(), vdi.snapshotOf(), state, export);
    }

    @Override
    public synchronized List<ChainNode> nodes() {
        VdiId base = new VdiId(new UUID(9, 9));
        String file = base + ".vhd";
        List<ChainNode> nodes = new ArrayList<>();
        nodes.add(new ChainNode(base, file, null, 1, vdis().size(), "", 1 << 30, 1 << 20, true, "base copy"));
        for (Vdi v : vdis()) {
            nodes.add(new ChainNode(
                    v.vdi(),
                    v.vdi() + ".vhd",
                    file,
                    2,
                    0,
                    v.name(),
                    v.virtualSizeBytes(),
                    v.physicalBytes(),
                    false,
                    ""));
        }
        return nodes;
    }

    @Override
    public synchronized Vdi create(VdiSpec spec) {
        VdiId id = spec.id() == null ? srs.newVdiId() : spec.id();
        if (vdis.containsKey(id)) {
            throw new SrException(SrError.VDI_EXISTS, "There is a VDI " + id + " already");
        }
        vdis.put(
                id,
                new Vdi(
                        id,
                        spec.name(),
                        spec.description(),
                        sr.id(),
                        id + ".vhd",
                        spec.sizeBytes(),
                        4096,
                        null,
                        1,
                        false,
                        null,
                        spec.keys(),
                        false,
                        Instant.EPOCH,
                        Vdi.State.DETACHED,
                        List.of(),
                        null,
                        null));
        return vdi(id);
    }

    @Override
    public synchronized List<SnapshotResult> snapshot(List<VdiId> ids, String name) {
        ids.forEach(this::vdi);
        List<SnapshotResult> results = new ArrayList<>();
        for (VdiId id : ids) {
            VdiId snapshot = copyOf(id, name, id);
            results.add(new SnapshotResult(snapshot, id, 250, null));
        }
        return results;
    }

    @Override
    public synchronized List<SnapshotResult> snapshot(List<SnapshotSpec> specs) {
        List<SnapshotResult> results = new ArrayList<>();
        for (SnapshotSpec spec : specs) {
            Vdi of = vdi(spec.of());
            if (vdis.containsKey(spec.snapshot())) {
                throw new SrException(SrError.VDI_EXISTS, "There is a VDI " + spec.snapshot());
            }
            Vdi made = copy(
                    of,
                    spec.snapshot(),
                    spec.name(),
                    spec.of(),
                    Vdi.State.DETACHED,
                    null,
                    of.virtualSizeBytes(),
                    spec.keys());
            vdis.put(spec.snapshot(), made);
            results.add(new SnapshotResult(spec.snapshot(), spec.of(), 250, null));
        }
        return results;
    }

    @Override
    public synchronized SrNotes notes() {
        return new MemoryNotes(notes);
    }

    /** Notes that are gone with the process. */
    private record MemoryNotes(Map<String, String> texts) implements SrNotes {
        @Override
        public List<String> names() {
            return List.copyOf(texts.keySet());
        }

        @Override
        public Optional<String> read(String name) {
            return Optional.ofNullable(texts.get(name));
        }

        @Override
        public void write(String name, String text) {
            texts.put(name, text);
        }

        @Override
        public void delete(String name) {
            texts.remove(name);
        }
    }

    @Override
    public synchronized Vdi clone(VdiId id, String name, long sizeBytes) {
        return vdi(copyOf(id, name, null));
    }

    @Override
    public void acceptLoss() {}

    @Override
    public void keep(String file) {
        throw new UnsupportedOperationException(file);
    }

    @Override
    public SrCheck check(boolean repair) {
        return new SrCheck(sr.id(), repair, List.of());
    }

    @Override
    public Job copy(VdiId id, StorageRepository target, String name, @Nullable VdiId copy) {
        return jobs.start(
                "copy",
                sr.id(),
                control -> "copied to VDI "
                        + target.create(new VdiSpec(vdi(id).virtualSizeBytes(), name, "", copy, false))
                                .vdi());
    }

    @Override
    public SrQuotas quotas() {
        return new SrQuotas(SrLimits.NONE, stat().capacityBytes(), stat().freeBytes(), stat().virtualBytes(), Map.of());
    }

    /** Nothing is limited here. */
    @Override
    public void admit(long sizeBytes, String owner) {}

    @Override
    public void admit(VdiDemand demand) {}

    @Override
    public VdiImport importVdi(VdiSpec spec, ContentOrigin origin) {
        throw new SrException(SrError.UNIMPLEMENTED, "Disks here have no content");
    }

    @Override
    public synchronized SrStat set(SrChange change) {
        return stat();
    }

    @Override
    public synchronized Vdi set(VdiId id, VdiChange change) {
        Vdi vdi = vdi(id);
        Map<String, String> keys = new TreeMap<>(vdi.keys());
        keys.putAll(change.set());
        keys.keySet().removeAll(change.remove());
        String name = change.name() == null ? vdi.name() : change.name();
        vdis.put(id, copy(vdi, id, name, vdi.snapshotOf(), Vdi.State.DETACHED, null, vdi.virtualSizeBytes(), keys));
        return vdi(id);
    }

    @Override
    public synchronized Vdi resize(VdiId id, long sizeBytes) {
        Vdi vdi = vdi(id);
        vdis.put(id, copy(vdi, id, vdi.name(), vdi.snapshotOf(), Vdi.State.DETACHED, null, sizeBytes, vdi.keys()));
        return vdi(id);
    }

    @Override
    public synchronized Vdi revert(VdiId id, VdiId snapshot) {
        vdi(snapshot);
        return vdi(id);
    }

    @Override
    public synchronized Vdi compose(VdiId parent, VdiId child) {
        vdis.remove(parent);
        return vdi(child);
    }

    @Override
    public Vdi reset(VdiId id) {
        return vdi(id);
    }

    @Override
    public Vdi beginBoot(VdiId id) {
        return vdi(id);
    }

    @Override
    public synchronized void destroy(VdiId id) {
        if (holds().stream().anyMatch(hold -> hold.vdi().equals(id))) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + id + " is attached").correction("Detach it first.");
        }
        vdis.remove(id);
    }

    @Override
    public synchronized void destroyData(VdiId id) {
        throw new SrException(SrError.UNIMPLEMENTED, "Disks in memory tell no changes");
    }

    @Override
    public synchronized Export attach(VdiId id, String holder, AccessMode mode) {
        vdi(id);
        Hold hold = holds.computeIfAbsent(id + holder, key -> new Hold(id, holder, mode, null));
        if (hold.mode() != mode) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + id + " is attached in the other mode");
        }
        return export(hold);
    }

    @Override
    public synchronized Export activate(VdiId id, String holder, AccessMode mode) {
        Hold hold = holds.get(id + holder);
        if (hold == null) {
            throw new SrException(SrError.VDI_UNAVAILABLE, "VDI " + id + " is not attached");
        }
        holds.put(id + holder, hold.activated(mode));
        srs.activated.add(id);
        return export(hold);
    }

    @Override
    public synchronized Export attachAndActivate(VdiId id, String holder, AccessMode mode) {
        attach(id, holder, mode);
        return activate(id, holder, mode);
    }

    @Override
    public synchronized void deactivate(VdiId id, String holder) {
        holds.computeIfPresent(id + holder, (key, hold) -> hold.activated(null));
    }

    @Override
    public synchronized void detach(VdiId id, String holder) {
        vdi(id);
        holds.remove(id + holder);
    }

    @Override
    public synchronized List<Hold> holds() {
        return List.copyOf(holds.values());
    }

    private static Export export(Hold hold) {
        return new Export(hold.vdi(), hold.mode(), "nbd+unix:///" + hold.vdi() + "?socket=/run/catena/nbd.sock");
    }

    @Override
    public VdiContents contents() {
        throw new UnsupportedOperationException("these disks have no content");
    }

    @Override
    public GarbageControl garbage() {
        return new MemoryGarbage();
    }

    /** Runs until the test lets it end, or it is cancelled; keeps its settings. */
    private final class MemoryGarbage implements GarbageControl {
        @Override
        public DeletionGain gain(VdiId vdi) {
            return new DeletionGain(vdi, MemoryRepository.this.vdi(vdi).physicalBytes(), 0);
        }

        @Override
        public JointGain gain(java.util.Collection<VdiId> vdis) {
            return new JointGain(
                    vdis.stream().mapToLong(vdi -> gain(vdi).atOnceBytes()).sum(), 0);
        }

        @Override
        public Job run(java.util.Collection<String> deleted) {
            CountDownLatch letEnd = srs.endOfGc();
            return jobs.start("gc", sr.id(), control -> {
                control.addTotal(2 << 20);
                control.phase("merging");
                long deadline = System.nanoTime() + 20_000_000_000L;
                while (letEnd.getCount() > 0 && System.nanoTime() < deadline) {
                    control.checkCancelled();
                    Thread.onSpinWait();
                }
                control.done(2 << 20);
                return "merged 1 base copy";
            });
        }

        @Override
        public GcStatus status() {
            GcStatus.State state = gc.paused() ? GcStatus.State.PAUSED : GcStatus.State.IDLE;
            return new GcStatus(sr.id(), state, null, gc, List.of(), List.of(), List.of(), List.of(), 1 << 30, null);
        }

        @Override
        public GcStatus pause() {
            gc = gc.withPaused(true);
            return status();
        }

        @Override
        public GcStatus resume() {
            gc = gc.withPaused(false);
            return status();
        }

        @Override
        public GcStatus cancel() {
            return status();
        }

        @Override
        public GcStatus set(GcChange change) {
            gc = gc.with(change);
            return status();
        }
    }

    private VdiId copyOf(VdiId id, String name, @Nullable VdiId snapshotOf) {
        Vdi origin = vdi(id);
        VdiId copy = srs.newVdiId();
        String wanted = name.isEmpty() ? origin.name() : name;
        vdis.put(copy, copy(origin, copy, wanted, snapshotOf, Vdi.State.DETACHED, null));
        return copy;
    }

    private static Vdi copy(
            Vdi v, VdiId id, String name, @Nullable VdiId snapshotOf, Vdi.State state, @Nullable Export export) {
        return copy(v, id, name, snapshotOf, state, export, v.virtualSizeBytes(), v.keys());
    }

    private static Vdi copy(
            Vdi v,
            VdiId id,
            String name,
            @Nullable VdiId snapshotOf,
            Vdi.State state,
            @Nullable Export export,
            long sizeBytes,
            Map<String, String> keys) {
        return new Vdi(
                id,
                name,
                v.description(),
                v.sr(),
                id + ".vhd",
                sizeBytes,
                v.physicalBytes(),
                v.parent(),
                v.depth(),
                snapshotOf != null,
                snapshotOf,
                keys,
                v.resetOnBoot(),
                v.created(),
                state,
                List.of(),
                export,
                v.problem());
    }
}
