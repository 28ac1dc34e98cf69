package io.catena.agent.copy;

import io.catena.agent.control.Body;
import io.catena.agent.control.Call;
import io.catena.agent.control.Names;
import io.catena.agent.control.Role;
import io.catena.agent.control.Route;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StorageHost;
import io.catena.api.VdiId;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Supplier;

/** Begins copies to other agents. Only for admins: this agent then reaches out in its own name. */
public final class CopyToRoutes {
    private final RemoteCopies copies;
    private final Names names;
    private final Supplier<UUID> newIds;

    public CopyToRoutes(RemoteCopies copies, StorageHost host, Supplier<UUID> newIds) {
        this.copies = copies;
        this.names = new Names(host);
        this.newIds = newIds;
    }

    public List<Route> all() {
        return List.of(Route.post("copyVdiTo", "/v1/vdis/{vdi}/copy-to", this::copyTo)
                .by(Role.ADMIN)
                .answering(Route.ACCEPTED));
    }

    /** {"url", "sr", "base"?, "name"?, "uuid"?, "token"?, "authorities"?, "bytesPerSecond"?} */
    private Object copyTo(Call call) {
        Body body = call.body();
        Target target = Target.of(body);
        Names.Place place = names.vdi(call.variable());
        long rate = Objects.requireNonNullElse(body.optionalNumber("bytesPerSecond"), 0L);
        if (rate < 0) {
            throw new SrException(SrError.BAD_REQUEST, "\"bytesPerSecond\" is " + rate + ", expected 0 or more");
        }
        RemoteCopies.Manner manner = new RemoteCopies.Manner(
                body.optionalString("base")
                        .map(text -> names.vdiIn(place.sr(), text))
                        .orElse(null),
                body.optionalString("name").orElse(""),
                body.optionalString("uuid").map(VdiId::parse).orElseGet(() -> new VdiId(newIds.get())),
                rate);
        body.nothingElse();
        return copies.start(place.sr(), place.repository(), place.vdi(), target, manner);
    }
}
