package io.catena.agent.api.cloud;

import io.catena.agent.control.Body;
import io.catena.agent.control.Call;
import io.catena.agent.control.Names;
import io.catena.agent.control.Role;
import io.catena.agent.control.Route;
import io.catena.agent.control.route.NewDiskBody;
import io.catena.agent.control.route.SrChangeBody;
import io.catena.agent.log.Version;
import io.catena.api.AccessMode;
import io.catena.api.ExportKind;
import io.catena.api.Hold;
import io.catena.api.SrAdmission;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.api.StreamFormat;
import io.catena.api.Vdi;
import io.catena.api.VdiChange;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What cloud controllers ask beyond what the command line needs: resources that they may ask for again and again. */
public final class CloudRoutes {
    private final StorageHost host;
    private final Names names;
    private final SpaceHistory space;
    private final @Nullable Integer nbdTlsPort;

    /**
     * @param nbdTlsPort where disks are served over TCP; null if they are not
     */
    public CloudRoutes(StorageHost host, SpaceHistory space, @Nullable Integer nbdTlsPort) {
        this.host = host;
        this.space = space;
        this.nbdTlsPort = nbdTlsPort;
        names = new Names(host);
    }

    public List<Route> all() {
        return List.of(
                Route.get("getVersion", "/v1", call -> version()),
                Route.get("getSession", "/v1/session", CloudRoutes::session).by(Role.METRICS),
                Route.get("getCapacity", "/v1/srs/{sr}/capacity", this::capacity),
                Route.get("getSpace", "/v1/srs/{sr}/space", this::space),
                Route.get("listNodes", "/v1/srs/{sr}/nodes", this::nodes),
                Route.of("PATCH", "patchSr", "/v1/srs/{sr}", this::patchSr).by(Role.ADMIN),
                Route.of("PUT", "putVdiByClientName", "/v1/srs/{sr}/vdis/by-client-name/{name}", this::putByClientName),
                new Deletions(host).route(),
                Route.get("getVdiSpace", "/v1/vdis/{vdi}/space", this::spaceOfVdi),
                Route.of("PATCH", "patchVdi", "/v1/vdis/{vdi}", this::patchVdi),
                Route.get("listAttachments", "/v1/vdis/{vdi}/attachments", this::attachments),
                Route.of("PUT", "putAttachment", "/v1/vdis/{vdi}/attachments/{holder}", this::putAttachment),
                Route.of("DELETE", "deleteAttachment", "/v1/vdis/{vdi}/attachments/{holder}", this::deleteAttachment));
    }

    private static Object version() {
        return Map.of(
                "version",
                Version.TEXT,
                "largestVdiBytes",
                Capacity.LARGEST_VDI_BYTES,
                "formats",
                Stream.of(StreamFormat.values()).map(StreamFormat::text).toList(),
                "openapi",
                "/v1/openapi.yaml");
    }

    private static Object session(Call call) {
        Map<String, Object> session = new LinkedHashMap<>();
        session.put("name", call.caller().name());
        session.put("role", call.caller().role());
        session.put("via", call.caller().via());
        session.put("srs", call.caller().srs());
        return session;
    }

    private Object capacity(Call call) {
        SrId sr = names.sr(call.variable());
        long wanted = call.parameters().number("sizeBytes", 1, Long.MAX_VALUE).orElse(0L);
        StorageRepository repository = host.repository(sr);
        String owner = call.parameters().one("owner").orElse("");
        return Capacity.of(
                sr,
                repository.stat(),
                repository.garbage().status().settings(),
                wanted,
                wanted == 0 || wanted > Capacity.LARGEST_VDI_BYTES ? null : refusal(repository, wanted, owner));
    }

    private static @Nullable String refusal(SrAdmission admission, long wanted, String owner) {
        try {
            admission.admit(wanted, owner);
            return null;
        } catch (SrException e) {
            return e.error() + ": " + e.detail();
        }
    }

    private Object space(Call call) {
        SrId sr = names.sr(call.variable());
        int most = call.parameters()
                .number("samples", 1, SpaceHistory.MOST_SAMPLES + 1)
                .map(Long::intValue)
                .orElse(500);
        return space.of(sr, host.repository(sr)).with(most);
    }

    private Object spaceOfVdi(Call call) {
        Names.Place place = names.vdi(call.variable());
        Vdi vdi = place.repository().vdi(place.vdi());
        long bytes = ChainSizes.of(place.repository().nodes()).getOrDefault(place.vdi(), vdi.physicalBytes());
        return DiskSpace.of(
                place.repository(), place.repository().garbage(), vdi, space.of(place.sr(), place.vdi(), bytes));
    }

    private Object nodes(Call call) {
        StorageRepository repository = host.repository(names.sr(call.variable()));
        return Nodes.of(repository.nodes(), repository.garbage().status(), repository.vdis());
    }

    private Object patchSr(Call call) {
        return host.set(names.sr(call.variable()), SrChangeBody.of(call.body()));
    }

    /** {"sizeBytes", "name"?, "description"?, "raw"?, "keys"?}: made, or the one that was made of the same before. */
    private Object putByClientName(Call call) {
        SrId sr = names.sr(call.variables().get(0));
        return host.repository(sr).create(NewDiskBody.named(call.variables().get(1), call.body(), sr));
    }

    /** {"name"?, "description"?, "keys"?: {"k": "v" or null}, "resetOnBoot"?, "sizeBytes"?}: a key with null is removed. */
    private Object patchVdi(Call call) {
        Body body = call.body();
        Names.Place place = names.vdi(call.variable());
        Map<String, Optional<String>> keys = body.patch("keys");
        VdiChange change = new VdiChange(
                body.optionalString("name").orElse(null),
                body.optionalString("description").orElse(null),
                keys.entrySet().stream()
                        .filter(key -> key.getValue().isPresent())
                        .collect(Collectors.toMap(
                                Map.Entry::getKey, key -> key.getValue().orElseThrow())),
                keys.entrySet().stream()
                        .filter(key -> key.getValue().isEmpty())
                        .map(Map.Entry::getKey)
                        .collect(Collectors.toSet()),
                body.optionalFlag("resetOnBoot"));
        Long sizeBytes = body.optionalNumber("sizeBytes");
        body.nothingElse();
        Vdi changed = place.repository().set(place.vdi(), change);
        return sizeBytes == null ? changed : place.repository().resize(place.vdi(), sizeBytes);
    }

    private Object attachments(Call call) {
        Names.Place place = names.vdi(call.variable());
        Vdi vdi = place.repository().vdi(place.vdi());
        return vdi.holds().stream()
                .map(hold -> Attachment.of(vdi, hold, nbdTlsPort))
                .toList();
    }

    /** {"mode":"rw"|"ro"?, "as":"nbd"|"block"?, "activate"?}: "rw", "nbd" and true if they are not given. */
    private Object putAttachment(Call call) {
        Body body = call.body();
        AccessMode mode = AccessMode.of(body.optionalString("mode").orElse("rw"));
        ExportKind as = ExportKind.of(body.optionalString("as").orElse(ExportKind.NBD.symbol()));
        boolean activate = !Boolean.FALSE.equals(body.optionalFlag("activate"));
        body.nothingElse();
        String holder = call.variables().get(1);
        Names.Place place = names.vdi(call.variables().get(0));
        if (as != ExportKind.NBD && !activate) {
            throw new SrException(SrError.BAD_REQUEST, "A VDI that is not active cannot be " + as.text());
        }
        if (!activate) {
            place.repository().attach(place.vdi(), holder, mode);
        } else if (as == ExportKind.NBD) {
            place.repository().attachAndActivate(place.vdi(), holder, mode);
        } else {
            host.attachAs(as, place.sr(), place.vdi(), holder, mode);
        }
        Vdi vdi = place.repository().vdi(place.vdi());
        Hold hold = hold(vdi, holder)
                .orElseThrow(() -> new SrException(
                        SrError.TRY_AGAIN, "VDI " + vdi.vdi() + " was detached from \"" + holder + "\" meanwhile"));
        return Attachment.of(vdi, hold, nbdTlsPort);
    }

    private static Optional<Hold> hold(Vdi vdi, String holder) {
        return vdi.holds().stream().filter(hold -> hold.holder().equals(holder)).findFirst();
    }

    private Object deleteAttachment(Call call) {
        Names.Place place = names.vdi(call.variables().get(0));
        String holder = call.variables().get(1);
        place.repository().detach(place.vdi(), holder);
        return Map.of("vdi", place.vdi(), "holder", holder);
    }
}
