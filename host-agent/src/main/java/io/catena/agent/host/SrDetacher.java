package io.catena.agent.host;

import io.catena.api.ExportKind;
import io.catena.api.Hold;
import io.catena.api.Job;
import io.catena.api.JobQueue;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrUse;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Logger;
import java.util.stream.Collectors;

/**
 * Ends the use of an SR: refuses to while it is used, stops its jobs, and closes it. However closing ends, the SR is not
 * among those that are attached afterwards. Called under the host's lock of changes.
 */
final class SrDetacher {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Logger LOG = Logger.getLogger(SrDetacher.class.getName());

    private final HeldSrs held;
    private final JobQueue jobs;
    private final UnfinishedJobs unfinished;
    private final ExportServers exports;

    SrDetacher(HeldSrs held, JobQueue jobs, UnfinishedJobs unfinished, ExportServers exports) {
        this.held = held;
        this.jobs = jobs;
        this.unfinished = unfinished;
        this.exports = exports;
    }

    /**
     * Lets go of an SR.
     *
     * @param force whether also while its disks are attached
     * @return what used it
     */
    SrUse detach(HeldSr sr, boolean force) throws IOException {
        AtomicReference<SrUse> ended = new AtomicReference<>(new SrUse(sr.id(), List.of(), List.of()));
        end(
                sr,
                attached -> {
                    if (!force) {
                        refuseWhileInUse(attached, "detached");
                    }
                    ended.set(useOf(attached));
                    endExports(attached);
                    attached.giveUp();
                },
                AttachedSr::close);
        SrUse use = Objects.requireNonNull(ended.get());
        for (Hold hold : use.holds()) {
            LOG.warning(LogLine.of("vdi-detach-forced", "vdi", hold.vdi(), "sr", sr.id(), "was", hold.text()));
        }
        return use;
    }

    /** Deletes an SR that has no disks. */
    void destroy(HeldSr sr) throws IOException {
        end(
                sr,
                attached -> {
                    refuseWhileInUse(attached, "destroyed");
                    refuseUnlessEmpty(attached);
                },
                AttachedSr::destroy);
    }

    /** Closes an SR for the end of the agent; what is attached is to be attached again. */
    void close(HeldSr sr) throws IOException {
        end(sr, attached -> {}, AttachedSr::close);
    }

    private void end(HeldSr sr, SrGate.Ending check, SrGate.Ending ending) throws IOException {
        sr.gate().end(check, attached -> jobs.cancelAll(attached.id(), PATIENCE), attached -> {
            SrId id = attached.id();
            held.remove(id);
            unfinished.forget(id);
            ending.run(attached);
        });
    }

    private SrUse useOf(AttachedSr sr) {
        List<Job> running = jobs.jobs().stream()
                .filter(job -> job.sr().equals(sr.id()) && !job.state().ended())
                .toList();
        return new SrUse(sr.id(), sr.repository().holds(), running);
    }

    /** All or none: who uses a device keeps the SR, with all that others had. */
    private void endExports(AttachedSr sr) {
        Map<VdiId, Set<ExportKind>> ended = new LinkedHashMap<>();
        try {
            for (VdiId vdi :
                    sr.repository().holds().stream().map(Hold::vdi).distinct().toList()) {
                ended.put(vdi, exports.kinds(vdi));
                exports.close(vdi);
            }
        } catch (SrException e) {
            ended.forEach((vdi, kinds) -> kinds.forEach(kind -> reopen(kind, vdi, e)));
            throw e;
        }
    }

    private void reopen(ExportKind kind, VdiId vdi, SrException reason) {
        try {
            exports.open(kind, vdi);
        } catch (SrException e) {
            reason.addSuppressed(e);
        }
    }

    /** What followers have they keep: one of them takes the SR. */
    private static void refuseWhileInUse(AttachedSr sr, String what) {
        Map<VdiId, List<Hold>> users = sr.repository().holds().stream()
                .filter(hold -> !hold.isOfFollower())
                .collect(Collectors.groupingBy(Hold::vdi, TreeMap::new, Collectors.toList()));
        if (users.isEmpty()) {
            return;
        }
        String names = users.entrySet().stream()
                .map(vdi -> vdi.getKey() + " ("
                        + vdi.getValue().stream().map(Hold::text).collect(Collectors.joining(", ")) + ")")
                .collect(Collectors.joining(", "));
        throw new SrException(
                        SrError.SR_IN_USE,
                        "SR " + sr.id() + " cannot be " + what + ": " + count(users.size(), "VDI is", "VDIs are")
                                + " attached: " + names)
                .correction(Advice.of("Detach each first: ")
                        .then(Remedy.of(Verb.VDI_DETACH, "VDI"))
                        .then("; or cut them all off: ")
                        .then(Remedy.of(Verb.SR_DETACH, sr.id()).with("force")));
    }

    private static void refuseUnlessEmpty(AttachedSr sr) {
        int vdis = sr.repository().vdis().size();
        if (vdis > 0) {
            throw new SrException(
                            SrError.SR_NOT_EMPTY,
                            "SR " + sr.id() + " cannot be destroyed: it holds " + count(vdis, "VDI", "VDIs"))
                    .correction("Destroy its VDIs first: ", Remedy.of(Verb.VDI_DESTROY, "VDI"));
        }
    }

    private static String count(int number, String one, String many) {
        return number + " " + (number == 1 ? one : many);
    }
}
