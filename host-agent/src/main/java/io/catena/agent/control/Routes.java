package io.catena.agent.control;

import io.catena.api.AccessMode;
import io.catena.api.ExportKind;
import io.catena.api.GarbageControl;
import io.catena.api.GcChange;
import io.catena.api.Hold;
import io.catena.api.Job;
import io.catena.api.SrChange;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrLimits;
import io.catena.api.SrLocation;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** All that can be asked of the control API. {sr} and {vdi} are UUIDs or unique names, percent-encoded. */
public final class Routes {
    /** A client that waits takes a thread of the server. */
    private static final int MAX_WAITING_CLIENTS = 16;

    private static final int CREATED = 201;
    private static final int ACCEPTED = 202;

    private final StorageHost host;
    private final JobWaiter waiter;
    private final Scripts scripts;
    private final Names names;
    private final Semaphore waiting = new Semaphore(MAX_WAITING_CLIENTS);

    Routes(StorageHost host, JobWaiter waiter, Scripts scripts) {
        this.host = host;
        this.scripts = scripts;
        this.waiter = waiter;
        names = new Names(host);
    }

    List<Route> all() {
        return List.of(
                Route.get("listSrs", "/v1/srs", call -> host.srs()),
                Route.post("createSr", "/v1/srs", this::createSr).by(Role.ADMIN).answering(CREATED),
                Route.post("attachSr", "/v1/srs/attach", this::attachSr).by(Role.ADMIN),
                Route.get("getSr", "/v1/srs/{sr}", call -> repository(call).stat()),
                Route.of("DELETE", "destroySr", "/v1/srs/{sr}", this::destroySr).by(Role.ADMIN),
                Route.post("detachSr", "/v1/srs/{sr}/detach", this::detachSr).by(Role.ADMIN),
                Route.post(
                        "scanSr", "/v1/srs/{sr}/scan", call -> repository(call).scan()),
                Route.post("probeSr", "/v1/srs/probe", this::probe).by(Role.ADMIN),
                Route.post("shareSr", "/v1/srs/share", this::share).by(Role.ADMIN),
                Route.post("listHosts", "/v1/hosts/list", this::peers).by(Role.ADMIN),
                Route.post("fenceHost", "/v1/hosts/fenced", this::fenced).by(Role.ADMIN),
                Route.post("forgetSr", "/v1/srs/{sr}/forget", this::forgetSr).by(Role.ADMIN),
                Route.post("checkSr", "/v1/srs/{sr}/check", this::check).by(Role.ADMIN),
                Route.post("setSr", "/v1/srs/{sr}/set", this::setSr).by(Role.ADMIN),
                Route.get(
                        "getQuotas",
                        "/v1/srs/{sr}/quotas",
                        call -> repository(call).quotas()),
                Route.of("PUT", "putQuota", "/v1/srs/{sr}/quotas/{owner}", this::putQuota)
                        .by(Role.ADMIN),
                Route.post("runGc", "/v1/srs/{sr}/gc", this::runGarbage).answering(ACCEPTED),
                Route.get("getGc", "/v1/srs/{sr}/gc", call -> garbage(call).status()),
                Route.post(
                        "pauseGc",
                        "/v1/srs/{sr}/gc/pause",
                        call -> garbage(call).pause()),
                Route.post(
                        "resumeGc",
                        "/v1/srs/{sr}/gc/resume",
                        call -> garbage(call).resume()),
                Route.post(
                        "cancelGc",
                        "/v1/srs/{sr}/gc/cancel",
                        call -> garbage(call).cancel()),
                Route.post("setGc", "/v1/srs/{sr}/gc/set", this::setGarbage),
                Route.get(
                        "getTree", "/v1/srs/{sr}/tree", call -> repository(call).tree()),
                Route.get(
                        "listVdis",
                        "/v1/srs/{sr}/vdis",
                        call -> repository(call).vdis()),
                Route.post("createVdi", "/v1/srs/{sr}/vdis", this::createVdi).answering(CREATED),
                Route.post("snapshotVdis", "/v1/vdis/snapshot", this::snapshot)
                        .by(Role.BACKUP)
                        .answering(CREATED),
                Route.get("getVdi", "/v1/vdis/{vdi}", this::vdi),
                Route.of("DELETE", "destroyVdi", "/v1/vdis/{vdi}", this::destroyVdi)
                        .by(Role.ADMIN),
                Route.post("destroyVdiData", "/v1/vdis/{vdi}/data-destroy", this::destroyVdiData)
                        .by(Role.ADMIN),
                Route.post("cloneVdi", "/v1/vdis/{vdi}/clone", this::cloneVdi).answering(CREATED),
                Route.post("copyVdi", "/v1/vdis/{vdi}/copy", this::copyVdi).answering(ACCEPTED),
                Route.post("setVdi", "/v1/vdis/{vdi}/set", this::setVdi),
                Route.post("resizeVdi", "/v1/vdis/{vdi}/resize", this::resizeVdi),
                Route.post("revertVdi", "/v1/vdis/{vdi}/revert", this::revertVdi)
                        .by(Role.ADMIN),
                Route.post("composeVdi", "/v1/vdis/{vdi}/compose", this::composeVdi)
                        .by(Role.ADMIN),
                Route.post("resetVdi", "/v1/vdis/{vdi}/reset", this::resetVdi).by(Role.ADMIN),
                Route.post("attachVdi", "/v1/vdis/{vdi}/attach", this::attachVdi),
                Route.post("activateVdi", "/v1/vdis/{vdi}/activate", this::activateVdi),
                Route.post("deactivateVdi", "/v1/vdis/{vdi}/deactivate", this::deactivateVdi),
                Route.post("detachVdi", "/v1/vdis/{vdi}/detach", this::detachVdi),
                Route.ofBytes("callPlugin", "/v1/smapi/{plugin}/{method}", this::script),
                Route.get("listJobs", "/v1/jobs", call -> host.jobs()),
                Route.get("getJob", "/v1/jobs/{job}", this::job),
                Route.post("pauseJob", "/v1/jobs/{job}/pause", call -> host.pause(call.number())),
                Route.post("resumeJob", "/v1/jobs/{job}/resume", call -> host.resume(call.number())),
                Route.post("cancelJob", "/v1/jobs/{job}/cancel", call -> host.cancel(call.number())));
    }

    /** {"name", "path", "uuid"?, "singleHost"?} or {"name", "type", "config", "format"?, "uuid"?} */
    private Object createSr(Call call) {
        Body body = call.body();
        String name = body.string("name");
        SrId id = body.optionalString("uuid").map(SrId::parse).orElse(null);
        if (body.has("type")) {
            SrLocation location = location(body);
            boolean format = body.flag("format");
            body.nothingElse();
            return host.create(name, location, format, id);
        }
        Path path = absolute(body.string("path"));
        boolean singleHost = body.flag("singleHost");
        body.nothingElse();
        allowSingleHost(path, singleHost);
        return host.create(name, path, id);
    }

    private static SrLocation location(Body body) {
        return new SrLocation(body.string("type"), body.stringMap("config"));
    }

    private void allowSingleHost(Path path, boolean wanted) {
        if (wanted) {
            host.allowSingleHost(path);
        }
    }

    /** {"path", "adopt"?, "singleHost"?}, {"type", "config", "adopt"?} or {"sr"} */
    private Object attachSr(Call call) {
        Body body = call.body();
        if (body.has("sr")) {
            SrId id = names.sr(body.string("sr"));
            body.nothingElse();
            return host.attach(id);
        }
        if (body.has("type")) {
            SrLocation location = location(body);
            boolean adopt = body.flag("adopt");
            body.nothingElse();
            return host.attach(location, adopt);
        }
        Path path = absolute(body.string("path"));
        boolean adopt = body.flag("adopt");
        boolean singleHost = body.flag("singleHost");
        body.nothingElse();
        allowSingleHost(path, singleHost);
        return host.attach(path, adopt);
    }

    private Object forgetSr(Call call) {
        SrId id = names.sr(call.variable());
        call.body().nothingElse();
        host.forget(id);
        return Map.of();
    }

    /** {"deleteUnknown"?} */
    private Object runGarbage(Call call) {
        Body body = call.body();
        List<String> unknown = body.has("deleteUnknown") ? body.strings("deleteUnknown") : List.of();
        body.nothingElse();
        return unknown.isEmpty()
                ? repository(call).collectGarbage()
                : garbage(call).run(unknown);
    }

    /** {"force"?} */
    private Object detachSr(Call call) {
        SrId id = names.sr(call.variable());
        boolean force = call.body().flag("force");
        call.body().nothingElse();
        return host.detach(id, force);
    }

    private Object destroySr(Call call) {
        SrId id = names.sr(call.variable());
        host.destroy(id);
        return Map.of("sr", id);
    }

    /** {"path"} or {"type", "config"} */
    private Object probe(Call call) {
        if (call.body().has("type")) {
            SrLocation location = location(call.body());
            call.body().nothingElse();
            return host.probe(location);
        }
        Path path = absolute(call.body().string("path"));
        call.body().nothingElse();
        return host.probe(path);
    }

    /** {"path", "coordination"} */
    private Object share(Call call) {
        Path path = absolute(call.body().string("path"));
        String how = call.body().string("coordination");
        call.body().nothingElse();
        host.share(path, how);
        return Map.of("path", path.toString(), "coordination", how);
    }

    /** {"path"} */
    private Object peers(Call call) {
        Path path = absolute(call.body().string("path"));
        call.body().nothingElse();
        return host.peers(path);
    }

    /** {"path", "host"} */
    private Object fenced(Call call) {
        Path path = absolute(call.body().string("path"));
        String peer = call.body().string("host");
        call.body().nothingElse();
        host.fenced(path, peer);
        return Map.of("host", peer);
    }

    /** {"repair"?, "keep"?, "acceptLoss"?} */
    private Object check(Call call) {
        boolean repair = call.body().flag("repair");
        List<String> kept = call.body().has("keep") ? call.body().strings("keep") : List.of();
        boolean acceptLoss = call.body().flag("acceptLoss");
        call.body().nothingElse();
        if ((!kept.isEmpty() || acceptLoss) && !repair) {
            throw new SrException(SrError.BAD_REQUEST, "Files are kept, and losses accepted, by a repair only")
                    .correction("Add --repair.");
        }
        if (acceptLoss) {
            repository(call).acceptLoss();
        }
        kept.forEach(repository(call)::keep);
        return repository(call).check(repair);
    }

    /**
     * {"name"?, "description"?, "chainLimit"?, "chainWarning"?, "oversubscriptionPercent"?, "minFreeBytes"?,
     * "snapshotsPerVdi"?}
     */
    public static SrChange srChange(Body body) {
        SrChange change = new SrChange(
                body.optionalString("name").orElse(null),
                body.optionalString("description").orElse(null),
                body.optionalInt("chainLimit"),
                body.optionalInt("chainWarning"),
                new SrLimits.Change(
                        body.optionalInt("oversubscriptionPercent"),
                        body.optionalNumber("minFreeBytes"),
                        body.optionalInt("snapshotsPerVdi"),
                        Map.of()));
        body.nothingElse();
        return change;
    }

    /** {"virtualBytes"?, "vdis"?, "snapshots"?}: what is left out has no limit. */
    private static SrChange quota(String owner, Body body) {
        SrLimits.Quota quota = new SrLimits.Quota(
                Objects.requireNonNullElse(body.optionalNumber("virtualBytes"), 0L),
                Objects.requireNonNullElse(body.optionalInt("vdis"), 0),
                Objects.requireNonNullElse(body.optionalInt("snapshots"), 0));
        body.nothingElse();
        return new SrChange(null, null, null, null, new SrLimits.Change(null, null, null, Map.of(owner, quota)));
    }

    private Object putQuota(Call call) {
        SrId sr = names.sr(call.variables().get(0));
        host.set(sr, quota(call.variables().get(1), call.body()));
        return host.repository(sr).quotas();
    }

    private Object setSr(Call call) {
        return host.set(names.sr(call.variable()), srChange(call.body()));
    }

    /** {"sizeBytes", "name"?, "description"?, "uuid"? or "clientName"?, "raw"?, "keys"?} */
    private Object createVdi(Call call) {
        Body body = call.body();
        SrId sr = names.sr(call.variable());
        VdiSpec spec = new VdiSpec(
                body.number("sizeBytes"),
                body.optionalString("name").orElse(""),
                body.optionalString("description").orElse(""),
                chosenId(body, sr),
                body.flag("raw"),
                body.stringMap("keys"));
        body.nothingElse();
        return host.repository(sr).create(spec);
    }

    private static @Nullable VdiId chosenId(Body body, SrId sr) {
        Optional<VdiId> chosen = body.optionalString("uuid").map(VdiId::parse);
        Optional<VdiId> named = body.optionalString("clientName").map(clientName -> VdiId.ofClientName(sr, clientName));
        if (chosen.isPresent() && named.isPresent()) {
            throw new SrException(SrError.BAD_REQUEST, "Both \"uuid\" and \"clientName\" are given, which say the same")
                    .correction("Leave out one of them.");
        }
        return chosen.or(() -> named).orElse(null);
    }

    private Object vdi(Call call) {
        Names.Place place = names.vdi(call.variable());
        return place.repository().vdi(place.vdi());
    }

    private Object destroyVdi(Call call) {
        Names.Place place = names.vdi(call.variable());
        place.repository().destroy(place.vdi());
        return Map.of("vdi", place.vdi());
    }

    /** The answer is what is left of the snapshot. */
    private Object destroyVdiData(Call call) {
        Names.Place place = names.vdi(call.variable());
        place.repository().destroyData(place.vdi());
        return place.repository().vdi(place.vdi());
    }

    /** {"vdis":[...], "name"?}: all in one SR, for one instant is one repository's to give. Without a name it has the time. */
    private Object snapshot(Call call) {
        Body body = call.body();
        List<Names.Place> places = body.strings("vdis").stream().map(names::vdi).toList();
        String name =
                body.optionalString("name").filter(given -> !given.isEmpty()).orElseGet(() -> SnapshotName.of(places));
        body.nothingElse();
        StorageRepository repository = places.get(0).repository();
        if (places.stream().anyMatch(place -> place.repository() != repository)) {
            throw new SrException(SrError.BAD_REQUEST, "The VDIs are in different SRs, which share no instant")
                    .correction("Take the snapshots SR by SR.");
        }
        return repository.snapshot(places.stream().map(Names.Place::vdi).toList(), name);
    }

    /** {"name"?, "sizeBytes"?} */
    private Object cloneVdi(Call call) {
        Body body = call.body();
        String name = body.optionalString("name").orElse("");
        long sizeBytes = body.has("sizeBytes") ? body.number("sizeBytes") : 0;
        body.nothingElse();
        Names.Place place = names.vdi(call.variable());
        return place.repository().clone(place.vdi(), name, sizeBytes);
    }

    /** {"sr"?, "name"?, "uuid"?}: into the same SR if none is given. */
    private Object copyVdi(Call call) {
        Body body = call.body();
        Names.Place place = names.vdi(call.variable());
        StorageRepository target =
                body.optionalString("sr").map(names::sr).map(host::repository).orElse(place.repository());
        String name = body.optionalString("name").orElse("");
        VdiId copy = body.optionalString("uuid").map(VdiId::parse).orElse(null);
        body.nothingElse();
        return place.repository().copy(place.vdi(), target, name, copy);
    }

    /** {"name"?, "description"?, "keys"?: {...}, "removeKeys"?: [...], "resetOnBoot"?} */
    private Object setVdi(Call call) {
        Body body = call.body();
        VdiChange change = new VdiChange(
                body.optionalString("name").orElse(null),
                body.optionalString("description").orElse(null),
                body.stringMap("keys"),
                body.has("removeKeys") ? Set.copyOf(body.strings("removeKeys")) : Set.of(),
                body.has("resetOnBoot") ? body.flag("resetOnBoot") : null);
        body.nothingElse();
        Names.Place place = names.vdi(call.variable());
        return place.repository().set(place.vdi(), change);
    }

    /** {"sizeBytes"} */
    private Object resizeVdi(Call call) {
        long sizeBytes = call.body().number("sizeBytes");
        call.body().nothingElse();
        Names.Place place = names.vdi(call.variable());
        return place.repository().resize(place.vdi(), sizeBytes);
    }

    /** {"snapshot"}: a disk of the same SR. */
    private Object revertVdi(Call call) {
        Names.Place snapshot = names.vdi(call.body().string("snapshot"));
        call.body().nothingElse();
        Names.Place place = names.vdi(call.variable());
        return place.repository().revert(place.vdi(), snapshot.vdi());
    }

    /** {"child"}: a disk of the same SR. */
    private Object composeVdi(Call call) {
        Names.Place child = names.vdi(call.body().string("child"));
        call.body().nothingElse();
        Names.Place parent = names.vdi(call.variable());
        return parent.repository().compose(parent.vdi(), child.vdi());
    }

    private Object resetVdi(Call call) {
        call.body().nothingElse();
        Names.Place place = names.vdi(call.variable());
        return place.repository().reset(place.vdi());
    }

    /** {"mode":"rw"|"ro"?, "as":"nbd"|"block"?, "holder"?, "inactive"?, "boot"?} */
    private Object attachVdi(Call call) {
        Body body = call.body();
        AccessMode mode = mode(body.optionalString("mode").orElse("rw"));
        ExportKind as = ExportKind.of(body.optionalString("as").orElse(ExportKind.NBD.symbol()));
        String holder = body.optionalString("holder").orElse(Hold.HOST);
        boolean inactive = body.flag("inactive");
        boolean boot = body.flag("boot");
        body.nothingElse();
        if (as != ExportKind.NBD && inactive) {
            throw new SrException(SrError.BAD_REQUEST, "A VDI that is not active cannot be " + as.text());
        }
        Names.Place place = names.vdi(call.variable());
        if (boot && !inactive) {
            place.repository().beginBoot(place.vdi());
        }
        if (inactive) {
            return place.repository().attach(place.vdi(), holder, mode);
        }
        return as == ExportKind.NBD
                ? place.repository().attachAndActivate(place.vdi(), holder, mode)
                : host.attachAs(as, place.sr(), place.vdi(), holder, mode);
    }

    /** {"mode":"rw"|"ro"?, "holder"?, "boot"?}: as it is attached if no mode is given. */
    private Object activateVdi(Call call) {
        Body body = call.body();
        Optional<AccessMode> wanted = body.optionalString("mode").map(Routes::mode);
        String holder = body.optionalString("holder").orElse(Hold.HOST);
        boolean boot = body.flag("boot");
        body.nothingElse();
        Names.Place place = names.vdi(call.variable());
        AccessMode mode = wanted.orElseGet(() -> place.repository().holds().stream()
                .filter(hold -> hold.vdi().equals(place.vdi()) && hold.holder().equals(holder))
                .map(Hold::mode)
                .findFirst()
                .orElse(AccessMode.READ_WRITE));
        if (boot) {
            place.repository().beginBoot(place.vdi());
        }
        return place.repository().activate(place.vdi(), holder, mode);
    }

    /** {"holder"?}: for all if none is given. */
    private Object deactivateVdi(Call call) {
        Optional<String> holder = call.body().optionalString("holder");
        call.body().nothingElse();
        Names.Place place = names.vdi(call.variable());
        holder.ifPresentOrElse(
                one -> place.repository().deactivate(place.vdi(), one),
                () -> place.repository().deactivate(place.vdi()));
        return place.repository().vdi(place.vdi());
    }

    /** {"holder"?}: for all if none is given. */
    private Object detachVdi(Call call) {
        Optional<String> holder = call.body().optionalString("holder");
        call.body().nothingElse();
        Names.Place place = names.vdi(call.variable());
        holder.ifPresentOrElse(
                one -> place.repository().detach(place.vdi(), one),
                () -> place.repository().detach(place.vdi()));
        return Map.of("vdi", place.vdi());
    }

    /** Answers with the exit code, one digit, and what is to be written. A query is the option of the installation. */
    private Object script(Call call) {
        Scripts.Output output =
                scripts.run(call.variables().get(0), call.variables().get(1), call.query(), call.bytes());
        return (output.exitCode() + output.stdout()).getBytes(StandardCharsets.UTF_8);
    }

    /** Answers when the job has ended, or after ?waitMillis=N, whichever comes first. */
    private Job job(Call call) {
        Duration atMost = call.waiting();
        if (atMost.isZero()) {
            return host.job(call.number());
        }
        if (!waiting.tryAcquire()) {
            throw new SrException(SrError.TRY_AGAIN, MAX_WAITING_CLIENTS + " clients wait for jobs already");
        }
        try {
            return waiter.waitFor(call.number(), atMost);
        } finally {
            waiting.release();
        }
    }

    /** All fields of {@link GcChange}, each optional. */
    private Object setGarbage(Call call) {
        Body body = call.body();
        GcChange change = new GcChange(
                body.optionalFlag("gc"),
                body.optionalFlag("coalesce"),
                body.optionalFlag("leafCoalesce"),
                body.optionalInt("workers"),
                body.optionalNumber("bytesPerSecond"),
                body.optionalNumber("reserveBytes"),
                body.optionalInt("everyMinutes"),
                body.optionalString("window").orElse(null));
        body.nothingElse();
        return garbage(call).set(change);
    }

    private GarbageControl garbage(Call call) {
        return repository(call).garbage();
    }

    private StorageRepository repository(Call call) {
        return host.repository(names.sr(call.variable()));
    }

    private static Path absolute(String text) {
        try {
            Path path = Path.of(text);
            if (path.isAbsolute()) {
                return path;
            }
        } catch (InvalidPathException e) {
            throw new SrException(SrError.BAD_REQUEST, "\"" + text + "\" is not a path: " + e.getReason(), e);
        }
        throw new SrException(SrError.BAD_REQUEST, "The path \"" + text + "\" is relative, expected an absolute one");
    }

    /** Returns the mode that a client calls {@code symbol}. */
    public static AccessMode mode(String symbol) {
        for (AccessMode mode : AccessMode.values()) {
            if (mode.symbol().equals(symbol)) {
                return mode;
            }
        }
        throw new SrException(SrError.BAD_REQUEST, "The mode is \"" + symbol + "\", expected \"rw\" or \"ro\"");
    }
}
