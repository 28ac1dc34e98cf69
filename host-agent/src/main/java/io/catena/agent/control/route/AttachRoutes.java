package io.catena.agent.control.route;

import io.catena.agent.control.Body;
import io.catena.agent.control.Call;
import io.catena.agent.control.Names;
import io.catena.agent.control.Route;
import io.catena.api.AccessMode;
import io.catena.api.ExportKind;
import io.catena.api.Hold;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StorageHost;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Attaching disks and activating them, and the end of both. {vdi} is a UUID or a unique name, percent-encoded. */
final class AttachRoutes {
    private final StorageHost host;
    private final Names names;

    AttachRoutes(StorageHost host) {
        this.host = host;
        names = new Names(host);
    }

    List<Route> all() {
        return List.of(
                Route.post("attachVdi", "/v1/vdis/{vdi}/attach", this::attachVdi),
                Route.post("activateVdi", "/v1/vdis/{vdi}/activate", this::activateVdi),
                Route.post("deactivateVdi", "/v1/vdis/{vdi}/deactivate", this::deactivateVdi),
                Route.post("detachVdi", "/v1/vdis/{vdi}/detach", this::detachVdi));
    }

    /** {"mode":"rw"|"ro"?, "as":"nbd"|"block"?, "holder"?, "inactive"?, "boot"?} */
    private Object attachVdi(Call call) {
        Body body = call.body();
        AccessMode mode = AccessMode.of(body.optionalString("mode").orElse("rw"));
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
        Optional<AccessMode> wanted = body.optionalString("mode").map(AccessMode::of);
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
}
