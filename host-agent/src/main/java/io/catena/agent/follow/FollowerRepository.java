package io.catena.agent.follow;

import io.catena.agent.cluster.HolderWatch.Seen;
import io.catena.agent.follow.content.ForeignCopy;
import io.catena.agent.follow.content.RemoteContents;
import io.catena.agent.follow.content.RemoteImport;
import io.catena.agent.follow.content.RemoteNotes;
import io.catena.agent.follow.content.RemoteStream;
import io.catena.api.AccessMode;
import io.catena.api.ChainNode;
import io.catena.api.ContentOrigin;
import io.catena.api.DeletionGain;
import io.catena.api.DiskRange;
import io.catena.api.Export;
import io.catena.api.GarbageControl;
import io.catena.api.GcChange;
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
import io.catena.api.SrNotes;
import io.catena.api.SrQuotas;
import io.catena.api.SrStat;
import io.catena.api.StorageRepository;
import io.catena.api.StreamFormat;
import io.catena.api.Vdi;
import io.catena.api.VdiChange;
import io.catena.api.VdiContents;
import io.catena.api.VdiDemand;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import io.catena.remedy.Advice;
import io.catena.sr.job.Jobs;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An SR that another host has: all is asked of that host, and disks are served by {@link FollowedDisks}. Nothing here writes to
 * the SR.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class FollowerRepository implements StorageRepository {
    private final Sr sr;
    private final HolderCalls calls;
    private final FollowedDisks disks;
    private final Jobs jobs;
    private final String self;

    /**
     * @param sr as it is called on this host
     * @param self what this host is called among the hosts
     */
    FollowerRepository(Sr sr, HolderCalls calls, FollowedDisks disks, Jobs jobs, String self) {
        this.sr = sr;
        this.calls = calls;
        this.disks = disks;
        this.jobs = jobs;
        this.self = self;
    }

    private static Arguments of(VdiId vdi) {
        return Arguments.of("vdi", vdi);
    }

    private SrStat here(SrStat stat) {
        Seen holder = calls.holder();
        List<Advice> warnings = new ArrayList<>(stat.warnings());
        warnings.add(Advice.of("host " + holder.name() + " has the SR"
                + (holder.since() == null ? "" : " since " + holder.since())
                + "; this host reaches it through that one"));
        return new SrStat(
                new Sr(sr.id(), stat.sr().name(), sr.path(), true),
                stat.description(),
                stat.capacityBytes(),
                stat.freeBytes(),
                stat.physicalBytes(),
                stat.virtualBytes(),
                stat.vdis(),
                stat.nodes(),
                stat.maxChainDepth(),
                stat.chainLimit(),
                stat.chainWarning(),
                warnings,
                stat.problems(),
                stat.health());
    }

    @Override
    public SrStat stat() {
        return here(calls.look("stat", Arguments.none(), SrStat.class));
    }

    @Override
    public SrStat scan() {
        return here(calls.change("scan", Arguments.none(), SrStat.class));
    }

    @Override
    public SrCheck check(boolean repair) {
        return calls.change("check", Arguments.of("repair", repair), SrCheck.class);
    }

    @Override
    public void keep(String file) {
        calls.change("keep", Arguments.of("file", file), Boolean.class);
    }

    @Override
    public void acceptLoss() {
        calls.change("acceptLoss", Arguments.none(), Boolean.class);
    }

    @Override
    public SrQuotas quotas() {
        return calls.look("quotas", Arguments.none(), SrQuotas.class);
    }

    @Override
    public void admit(long sizeBytes, String owner) {
        calls.change("admit", Arguments.of("size", sizeBytes).and("owner", owner), Boolean.class);
    }

    @Override
    public void admit(VdiDemand demand) {
        calls.change("admitDemand", Arguments.of("demand", demand), Boolean.class);
    }

    @Override
    public SrStat set(SrChange change) {
        return here(calls.change("setSr", Arguments.of("change", change), SrStat.class));
    }

    @Override
    public List<Vdi> vdis() {
        return calls.looks("vdis", Arguments.none(), Vdi.class).stream()
                .map(this::here)
                .toList();
    }

    @Override
    public Vdi vdi(VdiId id) {
        return here(calls.look("vdi", of(id), Vdi.class));
    }

    /** As it is seen from this host: its holders by their own names, others by that of their host. */
    private Vdi here(Vdi vdi) {
        List<Hold> holds = vdi.holds().stream().map(this::here).toList();
        Optional<Hold> own = disks.holds().stream()
                .filter(hold -> hold.vdi().equals(vdi.vdi()))
                .findFirst();
        Export export = own.map(hold -> disks.announce(hold.vdi(), hold.mode())).orElse(null);
        return new Vdi(
                vdi.vdi(),
                vdi.name(),
                vdi.description(),
                vdi.sr(),
                vdi.file(),
                vdi.virtualSizeBytes(),
                vdi.physicalBytes(),
                vdi.parent(),
                vdi.depth(),
                vdi.readOnly(),
                vdi.snapshotOf(),
                vdi.keys(),
                vdi.resetOnBoot(),
                vdi.created(),
                vdi.state(),
                holds,
                export,
                vdi.problem());
    }

    private Hold here(Hold hold) {
        String ours = Hold.ofFollower(self, "");
        String holder = hold.holder().startsWith(ours)
                ? hold.holder().substring(ours.length())
                : hold.isOfFollower()
                        ? hold.holder()
                        : Hold.ofFollower(calls.holder().name(), hold.holder());
        return new Hold(hold.vdi(), holder, hold.mode(), hold.active());
    }

    @Override
    public List<ChainNode> nodes() {
        return calls.looks("nodes", Arguments.none(), ChainNode.class);
    }

    @Override
    public Vdi create(VdiSpec spec) {
        return here(calls.change("create", Arguments.of("spec", spec), Vdi.class));
    }

    @Override
    public List<SnapshotResult> snapshot(List<VdiId> ids, String name) {
        return calls.changes("snapshot", Arguments.of("vdis", ids).and("name", name), SnapshotResult.class);
    }

    @Override
    public List<SnapshotResult> snapshot(List<SnapshotSpec> specs) {
        return calls.changes("snapshotAs", Arguments.of("specs", specs), SnapshotResult.class);
    }

    @Override
    public Vdi clone(VdiId id, String name, long sizeBytes) {
        return here(calls.change("clone", of(id).and("name", name).and("size", sizeBytes), Vdi.class));
    }

    @Override
    public Vdi set(VdiId id, VdiChange change) {
        return here(calls.change("set", of(id).and("change", change), Vdi.class));
    }

    @Override
    public Vdi resize(VdiId id, long sizeBytes) {
        Vdi resized = calls.change("resize", of(id).and("size", sizeBytes), Vdi.class);
        disks.resized(id);
        return here(resized);
    }

    @Override
    public Vdi revert(VdiId id, VdiId snapshot) {
        return here(calls.change("revert", of(id).and("snapshot", snapshot), Vdi.class));
    }

    @Override
    public Vdi compose(VdiId parent, VdiId child) {
        return here(calls.change("compose", of(child).and("parent", parent), Vdi.class));
    }

    @Override
    public Vdi reset(VdiId id) {
        return here(calls.change("reset", of(id), Vdi.class));
    }

    @Override
    public Vdi beginBoot(VdiId id) {
        return here(calls.change("beginBoot", of(id), Vdi.class));
    }

    /** Into another SR the content comes from the host that has the SR, and the job is this host's alone. */
    @Override
    public Job copy(VdiId id, StorageRepository target, String name, @Nullable VdiId copy) {
        if (target.stat().sr().id().equals(sr.id())) {
            return followed(calls.change("copy", of(id).and("name", name).and("copy", copy), Job.class));
        }
        ForeignCopy work = new ForeignCopy(
                vdi(id), format -> new RemoteStream(from -> calls.open(id, format, null, from)), target, name, copy);
        work.refuseNow();
        return jobs.start("copy", sr.id(), work::copy);
    }

    private Job followed(Job job) {
        return jobs.start(job.kind(), sr.id(), new FollowedJob(calls, job));
    }

    private SrException elsewhere(String what) {
        String holder = calls.holder().name();
        return new SrException(
                        SrError.UNIMPLEMENTED, what + " is possible only on host " + holder + ", which has the SR")
                .correction("Ask the agent of host " + holder + ".");
    }

    @Override
    public VdiImport importVdi(VdiSpec spec, ContentOrigin origin) {
        Arguments with = Arguments.of("spec", spec).and("origin", origin);
        return new RemoteImport(calls.change("importBegin", with, UUID.class), new ImportCalls());
    }

    /** What filling a disk asks of the host that has the SR. */
    private final class ImportCalls implements RemoteImport.Host {
        private static Arguments of(UUID id) {
            return Arguments.of("import", id);
        }

        @Override
        public void write(UUID id, long offset, byte[] bytes) {
            calls.take("importWrite", of(id).and("offset", offset).andBytes("bytes", bytes));
        }

        @Override
        public void zero(UUID id, long offset, long lengthBytes) {
            calls.take("importZero", of(id).and("offset", offset).and("length", lengthBytes));
        }

        @Override
        public Vdi commit(UUID id) {
            return here(calls.change("importCommit", of(id), Vdi.class));
        }

        @Override
        public void end(UUID id) {
            calls.take("importEnd", of(id));
        }
    }

    @Override
    public void destroyData(VdiId id) {
        calls.change("destroyData", of(id), Boolean.class);
    }

    @Override
    public void destroy(VdiId id) {
        calls.change("destroy", of(id), Boolean.class);
    }

    @Override
    public Export attach(VdiId id, String holder, AccessMode mode) {
        return disks.attach(id, holder, mode);
    }

    @Override
    public Export activate(VdiId id, String holder, AccessMode mode) {
        return disks.activate(id, holder, mode);
    }

    @Override
    public Export attachAndActivate(VdiId id, String holder, AccessMode mode) {
        boolean isNew = holds().stream()
                .noneMatch(hold -> hold.vdi().equals(id) && hold.holder().equals(holder));
        disks.attach(id, holder, mode);
        try {
            return disks.activate(id, holder, mode);
        } catch (SrException e) {
            if (isNew) {
                takeBack(id, holder, e);
            }
            throw e;
        }
    }

    private void takeBack(VdiId id, String holder, SrException reason) {
        try {
            disks.detach(id, holder);
        } catch (SrException e) {
            reason.addSuppressed(e);
        }
    }

    @Override
    public void deactivate(VdiId id, String holder) {
        disks.deactivate(id, holder);
    }

    @Override
    public void detach(VdiId id, String holder) {
        disks.detach(id, holder);
    }

    /** Those of this host only: the others are none of its business when it lets go of the SR. */
    @Override
    public List<Hold> holds() {
        return disks.holds();
    }

    @Override
    public GarbageControl garbage() {
        return new GarbageControl() {
            @Override
            public Job run(Collection<String> deleted) {
                return followed(calls.change("runGc", Arguments.of("deleted", deleted), Job.class));
            }

            @Override
            public GcStatus status() {
                return calls.look("gcStatus", Arguments.none(), GcStatus.class);
            }

            @Override
            public GcStatus pause() {
                return calls.change("pauseGc", Arguments.none(), GcStatus.class);
            }

            @Override
            public GcStatus resume() {
                return calls.change("resumeGc", Arguments.none(), GcStatus.class);
            }

            @Override
            public GcStatus cancel() {
                return calls.change("cancelGc", Arguments.none(), GcStatus.class);
            }

            @Override
            public DeletionGain gain(VdiId vdi) {
                return calls.look("gain", of(vdi), DeletionGain.class);
            }

            @Override
            public JointGain gain(Collection<VdiId> vdis) {
                return calls.look("jointGain", Arguments.of("vdis", vdis), JointGain.class);
            }

            @Override
            public GcStatus set(GcChange change) {
                return calls.change("setGc", Arguments.of("change", change), GcStatus.class);
            }
        };
    }

    @Override
    public VdiContents contents() {
        return new RemoteContents(new RemoteContents.Host() {
            @Override
            public List<DiskRange> changes(VdiId vdi, @Nullable VdiId base) {
                return calls.looks("changes", of(vdi).and("base", base), DiskRange.class);
            }

            @Override
            public RemoteStream.Part open(VdiId vdi, StreamFormat format, @Nullable VdiId base, long from) {
                return calls.open(vdi, format, base, from);
            }
        });
    }

    @Override
    public SrNotes notes() {
        return new RemoteNotes(new NoteCalls(), () -> elsewhere("This"));
    }

    /** The host that has the SR runs its schedules, and only that one. */
    private final class NoteCalls implements SrNotes.Keeper {
        @Override
        public String look(String question) {
            return calls.look(Pool.NOTES, Arguments.of("question", question), String.class);
        }

        @Override
        public String change(String question) {
            return calls.change(Pool.NOTES, Arguments.of("question", question), String.class);
        }
    }
}
