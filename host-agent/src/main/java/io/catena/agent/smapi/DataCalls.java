package io.catena.agent.smapi;

import com.google.gson.JsonElement;
import io.catena.agent.mirror.Mirrors;
import io.catena.api.Job;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StorageHost;
import io.catena.api.VdiId;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The methods {@code Data.*}: copies of disks in use, for storage migration. An operation is a job, and its name the job's number;
 * what was going on when the agent ended is not known any more.
 */
final class DataCalls {
    private static final Map<String, String> KINDS = Map.of("MirrorV1", Mirrors.MIRROR, "CopyV1", Mirrors.COPY);

    private final StorageHost host;
    private final Places places;
    private final Mirrors mirrors;

    /** What the caller wants to hear of no more. */
    private final Set<Long> destroyed = ConcurrentHashMap.newKeySet();

    DataCalls(StorageHost host, Mirrors mirrors) {
        this.host = host;
        this.mirrors = mirrors;
        places = new Places(host);
    }

    Object mirror(Arguments call) {
        VolumeUri uri = existing(call);
        return operation(mirrors.toNbd(uri.sr(), uri.vdi(), remote(call)));
    }

    Object copy(Arguments call) {
        VolumeUri uri = existing(call);
        Arguments.Blocks blocks = call.blocks("blocklist");
        return operation(mirrors.copyToNbd(uri.sr(), uri.vdi(), remote(call), blocks.blockBytes(), blocks.ranges()));
    }

    private static String remote(Arguments call) {
        call.string("domain");
        return NbdColonForm.toUri(call.string("remote"));
    }

    private VolumeUri existing(Arguments call) {
        VolumeUri uri = VolumeUri.parse(call.string("uri"));
        VdiId unused = places.repository(uri.sr().toString()).vdi(uri.vdi()).vdi();
        return uri;
    }

    private static JsonElement operation(Job job) {
        String tag = job.kind().equals(Mirrors.MIRROR) ? "MirrorV1" : "CopyV1";
        return Answers.variant(tag, Long.toString(job.id()));
    }

    /** A mirror is complete as soon as all there was has been copied; it goes on until the disk is deactivated. */
    Object stat(Arguments call) {
        Job job = job(call);
        boolean failed = job.state() == Job.State.FAILED || job.state() == Job.State.CANCELLED;
        boolean complete = job.state() == Job.State.DONE || (!failed && mirrors.wasInSync(job.id()));
        return new Answers.OperationState(failed, complete, complete ? 1 : progress(job));
    }

    private static double progress(Job job) {
        return job.totalBytes() == 0 ? 0 : Math.min(1.0, (double) job.doneBytes() / job.totalBytes());
    }

    Object cancel(Arguments call) {
        Job job = job(call);
        if (!job.state().ended()) {
            Job unused = host.cancel(job.id());
        }
        return Answers.NOTHING;
    }

    /** Ends it, if it has not ended, and forgets it. */
    Object destroy(Arguments call) {
        Job job = job(call);
        Object answer = cancel(call);
        destroyed.add(job.id());
        return answer;
    }

    Object ls() {
        List<Job> known = host.jobs().stream()
                .filter(job -> KINDS.containsValue(job.kind()) && !destroyed.contains(job.id()))
                .toList();
        destroyed.removeIf(id -> host.jobs().stream().noneMatch(job -> job.id() == id));
        return known.stream().map(DataCalls::operation).toList();
    }

    private Job job(Arguments call) {
        Arguments.Variant operation = call.variant("operation");
        String kind = KINDS.entrySet().stream()
                .filter(entry -> entry.getKey().equalsIgnoreCase(operation.tag()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElseThrow(() -> unknown(operation));
        return host.jobs().stream()
                .filter(job -> Long.toString(job.id()).equals(operation.payload())
                        && job.kind().equals(kind)
                        && !destroyed.contains(job.id()))
                .findFirst()
                .orElseThrow(() -> unknown(operation));
    }

    private static SrException unknown(Arguments.Variant operation) {
        return new SrException(
                SrError.BAD_REQUEST,
                "There is no operation " + Arguments.abbreviated(operation.tag() + " " + operation.payload())
                        + " in this agent; those of before its start have ended with it");
    }
}
