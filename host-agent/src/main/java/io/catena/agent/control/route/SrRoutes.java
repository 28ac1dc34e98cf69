package io.catena.agent.control.route;

import io.catena.agent.control.Body;
import io.catena.agent.control.Call;
import io.catena.agent.control.Names;
import io.catena.agent.control.Role;
import io.catena.agent.control.Route;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrLocation;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What can be asked about SRs. {sr} is a UUID or a unique name, percent-encoded. */
final class SrRoutes {
    private final StorageHost host;
    private final Names names;

    SrRoutes(StorageHost host) {
        this.host = host;
        names = new Names(host);
    }

    List<Route> all() {
        return List.of(
                Route.get("listSrs", "/v1/srs", call -> host.srs()),
                Route.post("createSr", "/v1/srs", this::createSr).by(Role.ADMIN).answering(Route.CREATED),
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
                Route.get(
                        "getTree", "/v1/srs/{sr}/tree", call -> repository(call).tree()));
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

    private Object putQuota(Call call) {
        SrId sr = names.sr(call.variables().get(0));
        host.set(sr, SrChangeBody.quota(call.variables().get(1), call.body()));
        return host.repository(sr).quotas();
    }

    private Object setSr(Call call) {
        return host.set(names.sr(call.variable()), SrChangeBody.of(call.body()));
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
}
