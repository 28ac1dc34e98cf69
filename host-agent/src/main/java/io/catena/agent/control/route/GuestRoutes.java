package io.catena.agent.control.route;

import io.catena.agent.control.Body;
import io.catena.agent.control.Call;
import io.catena.agent.control.Names;
import io.catena.agent.control.Role;
import io.catena.agent.control.Route;
import io.catena.agent.guest.GuestSnapshot.Freeze;
import io.catena.agent.guest.Guests;
import io.catena.api.AccessMode;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StorageHost;
import io.catena.api.VdiId;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What can be asked of the control API about guests. {guest} is the UUID or name of a running one, percent-encoded. */
final class GuestRoutes {
    private static final long DEFAULT_TIMEOUT_SECONDS = 30;
    private static final long MAX_TIMEOUT_SECONDS = 300;

    private final Guests guests;
    private final Names names;

    GuestRoutes(StorageHost host, Guests guests) {
        this.guests = guests;
        names = new Names(host);
    }

    List<Route> all() {
        return List.of(
                Route.get("listGuests", "/v1/guests", call -> guests.list()),
                Route.post("attachToGuest", "/v1/guests/{guest}/attach", this::attach),
                Route.post("detachFromGuest", "/v1/guests/{guest}/detach", this::detach),
                Route.post("snapshotGuest", "/v1/guests/{guest}/snapshot", this::snapshot)
                        .by(Role.BACKUP),
                Route.post("describeForLibvirt", "/v1/vdis/{vdi}/libvirt-xml", this::describe)
                        .by(Role.VIEWER));
    }

    /** {"vdi", "target"?, "mode":"rw"|"ro"?} */
    private Object attach(Call call) {
        Body body = call.body();
        String vdi = body.string("vdi");
        String target = body.optionalString("target").orElse(null);
        AccessMode mode = mode(body);
        body.nothingElse();
        Names.Place place = names.vdi(vdi);
        return guests.attach(call.variable(), place.repository(), place.vdi(), target, mode);
    }

    /** {"vdi", "timeoutSeconds"?} */
    private Object detach(Call call) {
        Body body = call.body();
        String vdi = body.string("vdi");
        long seconds = body.has("timeoutSeconds") ? body.number("timeoutSeconds") : DEFAULT_TIMEOUT_SECONDS;
        body.nothingElse();
        if (seconds < 1 || seconds > MAX_TIMEOUT_SECONDS) {
            throw new SrException(
                    SrError.BAD_REQUEST, "\"timeoutSeconds\" is " + seconds + ", expected 1 to " + MAX_TIMEOUT_SECONDS);
        }
        Names.Place place = names.vdi(vdi);
        guests.detach(call.variable(), place.repository(), place.vdi(), Duration.ofSeconds(seconds));
        return Map.of("vdi", place.vdi());
    }

    /** {"name"?, "freeze":"never"|"try"|"require"?} */
    private Object snapshot(Call call) {
        Body body = call.body();
        String name = body.optionalString("name").orElse("");
        Freeze freeze = freeze(body.optionalString("freeze").orElse("try"));
        body.nothingElse();
        return guests.snapshot(call.variable(), name, freeze);
    }

    /** {"target"?, "mode":"rw"|"ro"?} */
    private Object describe(Call call) {
        Body body = call.body();
        String target = body.optionalString("target").orElse(null);
        AccessMode mode = mode(body);
        body.nothingElse();
        VdiId vdi = names.vdi(call.variable()).vdi();
        return Map.of("vdi", vdi, "xml", guests.describe(vdi, target, mode));
    }

    private static AccessMode mode(Body body) {
        return AccessMode.of(body.optionalString("mode").orElse("rw"));
    }

    private static Freeze freeze(String text) {
        for (Freeze freeze : Freeze.values()) {
            if (freeze.name().toLowerCase(Locale.ROOT).equals(text)) {
                return freeze;
            }
        }
        throw new SrException(SrError.BAD_REQUEST, "\"freeze\" is \"" + text + "\", expected never, try or require");
    }
}
