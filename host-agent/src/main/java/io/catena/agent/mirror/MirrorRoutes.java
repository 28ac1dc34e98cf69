package io.catena.agent.mirror;

import io.catena.agent.control.Body;
import io.catena.agent.control.Call;
import io.catena.agent.control.Names;
import io.catena.agent.control.Role;
import io.catena.agent.control.Route;
import io.catena.agent.copy.Target;
import io.catena.api.Sr;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageHost;
import io.catena.api.VdiId;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Mirrors of disks. Only for admins: this agent may reach out in its own name, and a switch takes a disk from who uses it. */
public final class MirrorRoutes {
    private final Mirrors mirrors;
    private final StorageHost host;
    private final Names names;
    private final Supplier<UUID> newIds;

    public MirrorRoutes(Mirrors mirrors, StorageHost host, Supplier<UUID> newIds) {
        this.mirrors = mirrors;
        this.host = host;
        this.names = new Names(host);
        this.newIds = newIds;
    }

    public List<Route> all() {
        return List.of(
                Route.get("listMirrors", "/v1/mirrors", call -> mirrors()),
                Route.post("mirrorVdi", "/v1/vdis/{vdi}/mirror", this::mirror)
                        .by(Role.ADMIN)
                        .answering(Route.ACCEPTED),
                Route.post("switchVdi", "/v1/vdis/{vdi}/switch", this::switchOver)
                        .by(Role.ADMIN));
    }

    /** Those of the SRs that there are for the caller. */
    private Object mirrors() {
        Set<SrId> seen = host.srs().stream().map(Sr::id).collect(Collectors.toSet());
        return mirrors.all().stream()
                .filter(mirror -> seen.contains(mirror.sr()))
                .toList();
    }

    /** {"sr", "url"?, "token"?, "authorities"?, "name"?, "uuid"?, "bytesPerSecond"?}: on this host if no URL is given. */
    private Object mirror(Call call) {
        Body body = call.body();
        long rate = Objects.requireNonNullElse(body.optionalNumber("bytesPerSecond"), 0L);
        if (rate < 0) {
            throw new SrException(SrError.BAD_REQUEST, "\"bytesPerSecond\" is " + rate + ", expected 0 or more");
        }
        Mirrors.Wish wish = new Mirrors.Wish(
                body.optionalString("uuid").map(VdiId::parse).orElseGet(() -> new VdiId(newIds.get())),
                body.optionalString("name").orElse(""),
                rate);
        Names.Place place = names.vdi(call.variable());
        if (body.has("url")) {
            Target target = Target.of(body);
            body.nothingElse();
            return mirrors.toAgent(place.sr(), place.repository(), place.vdi(), target, wish);
        }
        SrId sr = names.sr(body.string("sr"));
        body.nothingElse();
        return mirrors.toSr(place.sr(), place.repository(), place.vdi(), sr, host.repository(sr), wish);
    }

    private Object switchOver(Call call) {
        call.body().nothingElse();
        Names.Place place = names.vdi(call.variable());
        return mirrors.switchOver(place.repository(), place.vdi());
    }
}
