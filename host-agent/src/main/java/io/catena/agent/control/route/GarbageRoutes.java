package io.catena.agent.control.route;

import io.catena.agent.control.Body;
import io.catena.agent.control.Call;
import io.catena.agent.control.Names;
import io.catena.agent.control.Route;
import io.catena.api.GarbageControl;
import io.catena.api.GcChange;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import java.util.List;

/** What can be asked about the garbage collection of an SR. {sr} is a UUID or a unique name, percent-encoded. */
final class GarbageRoutes {
    private final StorageHost host;
    private final Names names;

    GarbageRoutes(StorageHost host) {
        this.host = host;
        names = new Names(host);
    }

    List<Route> all() {
        return List.of(
                Route.post("runGc", "/v1/srs/{sr}/gc", this::runGarbage).answering(Route.ACCEPTED),
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
                Route.post("setGc", "/v1/srs/{sr}/gc/set", this::setGarbage));
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
}
