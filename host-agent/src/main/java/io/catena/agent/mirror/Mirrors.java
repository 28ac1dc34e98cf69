package io.catena.agent.mirror;

import io.catena.agent.copy.AgentCalls;
import io.catena.agent.copy.OtherAgents;
import io.catena.agent.nbd.client.NbdPlace;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Job;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.disk.Exporter;
import io.catena.disk.ForwardingExporter;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.job.Jobs;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The disks of this host that are served, and the mirrors of them.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class Mirrors extends ForwardingExporter implements Closeable {
    /** The kind of the jobs that mirror. */
    public static final String MIRROR = "mirror";

    /** The kind of the jobs that copy blocks. */
    public static final String COPY = "copy-blocks";

    /** Each has a thread. */
    private static final int MOST_MIRRORS = 32;

    /** How long an active disk's users may wait for a copy. Guests give up a disk that does not answer for 30 s. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final Duration SWITCH_PATIENCE = Duration.ofSeconds(60);

    private final Jobs jobs;
    private final OtherAgents agents;
    private final Map<VdiId, MirroredDisk> served = new ConcurrentHashMap<>();
    private final Map<VdiId, Running> running = new ConcurrentHashMap<>();

    /**
     * @param exporter serves the disks
     * @param agents how those of other hosts are reached
     */
    public Mirrors(Exporter exporter, Jobs jobs, OtherAgents agents) {
        super(exporter);
        this.jobs = jobs;
        this.agents = agents;
    }

    /** A mirror, and the job that it has. */
    private record Running(SrId sr, MirrorRun run, Job job) {}

    @Override
    public Export publish(VdiId vdi, AccessMode mode, BlockDevice device) throws IOException {
        MirroredDisk disk = new MirroredDisk(device);
        Export export = super.publish(vdi, mode, disk);
        served.put(vdi, disk);
        return export;
    }

    /** The requests under way end first: a mirror has got all that was answered. */
    @Override
    public void withdraw(VdiId vdi) {
        super.withdraw(vdi);
        MirroredDisk disk = served.remove(vdi);
        if (disk != null) {
            disk.serviceEnded();
        }
    }

    @Override
    public void contentChanged(VdiId vdi) {
        super.contentChanged(vdi);
        MirroredDisk disk = served.get(vdi);
        if (disk != null) {
            disk.contentChanged();
        }
    }

    /**
     * A copy to be made.
     *
     * @param copy its id
     * @param name the copy's; empty for the disk's own
     * @param bytesPerSecond of what is copied beside the writes; 0 for no limit
     */
    record Wish(VdiId copy, String name, long bytesPerSecond) {}

    /** Begins to mirror a disk that is active to an SR of this host. */
    Job toSr(SrId sr, StorageRepository repository, VdiId vdi, SrId targetSr, StorageRepository target, Wish wish) {
        return start(sr, repository.vdi(vdi), new LocalDisks(targetSr, target, PATIENCE), wish);
    }

    /** Begins to mirror a disk that is active to the agent of another host. */
    Job toAgent(SrId sr, StorageRepository repository, VdiId vdi, io.catena.agent.copy.Target target, Wish wish) {
        AgentCalls calls = agents.calls(target);
        return start(
                sr, repository.vdi(vdi), new DisksOfOtherAgent(calls, target.sr(), agents.ownName(), PATIENCE), wish);
    }

    private Job start(SrId sr, Vdi vdi, Disks disks, Wish wish) {
        String name = wish.name().isEmpty() ? vdi.name() : wish.name();
        Target target = new SrTarget(disks, wish.copy(), vdi, name);
        return start(sr, vdi.vdi(), target, new MirrorRun.Manner(PATIENCE, true, wish.bytesPerSecond()));
    }

    /**
     * Begins to mirror a disk that is active to what somebody serves over NBD. If the connection breaks, the mirror has failed.
     *
     * @param uri without encryption: {@code nbd+unix:///EXPORT?socket=PATH} or {@code nbd://HOST[:PORT]/EXPORT}
     */
    public Job toNbd(SrId sr, VdiId vdi, String uri) {
        return start(sr, vdi, nbd(uri), new MirrorRun.Manner(PATIENCE, false, 0));
    }

    /**
     * Begins to copy parts of a disk that is active to what somebody serves over NBD.
     *
     * @param uri as for {@link #toNbd}
     * @param ranges what to copy: a first block and a number of blocks each
     */
    public Job copyToNbd(SrId sr, VdiId vdi, String uri, long blockBytes, List<List<Long>> ranges) {
        return jobs.start(COPY, sr, new BlockCopy(disk(vdi), nbd(uri), blockBytes, ranges, PATIENCE));
    }

    private static Target nbd(String uri) {
        try {
            return new NbdTarget(uri, NbdPlace.parse(uri), PATIENCE);
        } catch (IllegalArgumentException e) {
            throw new SrException(SrError.BAD_REQUEST, "The place of the copy cannot be read: " + e.getMessage(), e);
        }
    }

    private synchronized Job start(SrId sr, VdiId vdi, Target target, MirrorRun.Manner manner) {
        MirroredDisk disk = disk(vdi);
        if (disk.readOnly()) {
            throw new SrException(SrError.VDI_TYPE, "VDI " + vdi + " is active for reading only: nothing changes in it")
                    .correction("Copy it: ", Remedy.of(Verb.VDI_COPY, vdi));
        }
        Running before = running.get(vdi);
        if (before != null) {
            throw new SrException(
                            SrError.VDI_IN_USE,
                            "VDI " + vdi + " is being mirrored already, by job "
                                    + before.job().id())
                    .correction("Wait for that job, or cancel it.");
        }
        if (running.size() >= MOST_MIRRORS) {
            throw new SrException(SrError.TRY_AGAIN, "There are " + MOST_MIRRORS + " mirrors already")
                    .correction("Wait until one of them has ended.");
        }
        MirrorRun run = new MirrorRun(disk, target, manner);
        Job job = jobs.startAside(MIRROR, sr, run);
        running.put(vdi, new Running(sr, run, job));
        jobs.whenEnded(job.id(), ended -> forget(vdi, run));
        return job;
    }

    private synchronized void forget(VdiId vdi, MirrorRun run) {
        Running now = running.get(vdi);
        if (now != null && now.run() == run) {
            running.remove(vdi);
        }
    }

    private MirroredDisk disk(VdiId vdi) {
        MirroredDisk disk = served.get(vdi);
        if (disk == null) {
            throw new SrException(SrError.BAD_REQUEST, "VDI " + vdi + " is not active on this host")
                    .correction("Copy it, since nobody writes to it: ", Remedy.of(Verb.VDI_COPY, vdi));
        }
        return disk;
    }

    /**
     * Ends a mirror with its copy in the disk's place: deactivates the disk for all its holders, so that nothing is written to it
     * any more, and lets go of the copy, which is complete.
     *
     * @throws SrException {@link SrError#TRY_AGAIN} if the copy is not in sync; nothing is done then
     */
    Job switchOver(StorageRepository repository, VdiId vdi) {
        Running mirror = running.get(vdi);
        if (mirror == null) {
            throw new SrException(SrError.BAD_REQUEST, "VDI " + vdi + " is not being mirrored");
        }
        if (!mirror.run().isInSync()) {
            throw new SrException(
                            SrError.TRY_AGAIN,
                            "The copy of VDI " + vdi + " lacks " + mirror.run().missingBytes() + " bytes yet")
                    .correction("Wait until it is in sync.");
        }
        repository.deactivate(vdi);
        Job ended = jobs.waitFor(mirror.job().id(), SWITCH_PATIENCE);
        Job.Failure failure = ended.failure();
        if (failure != null) {
            SrException refusal = new SrException(failure.error(), failure.message());
            throw failure.correction() == null ? refusal : refusal.correction(failure.correction());
        }
        return ended;
    }

    /** Returns the mirrors, by disk. */
    List<MirrorView> all() {
        return running.entrySet().stream()
                .map(entry -> view(entry.getKey(), entry.getValue()))
                .sorted(Comparator.comparing(view -> view.vdi().toString()))
                .toList();
    }

    private static MirrorView view(VdiId vdi, Running one) {
        MirrorRun run = one.run();
        return new MirrorView(
                vdi, one.sr(), one.job().id(), run.to(), run.state().text(), run.missingBytes(), run.trouble());
    }

    /** Whether a job mirrors, and its copy was complete at some time: since then it gets all that is written. */
    public boolean wasInSync(long job) {
        return running.values().stream()
                .anyMatch(one -> one.job().id() == job && one.run().wasInSync());
    }

    /** Ends all mirrors before the disks' services end: their copies are not complete, for the disks go on later. */
    @Override
    public void close() {
        for (Running one : running.values()) {
            Job unused = jobs.cancel(one.job().id());
        }
        for (Running one : running.values()) {
            Job unused = jobs.waitFor(one.job().id(), SWITCH_PATIENCE);
        }
    }
}
