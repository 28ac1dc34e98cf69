package io.catena.agent.control.route;

import io.catena.agent.control.Body;
import io.catena.agent.control.Call;
import io.catena.agent.control.Names;
import io.catena.agent.control.Role;
import io.catena.agent.control.Route;
import io.catena.api.SnapshotSpec;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/** What can be asked about disks, but for attaching them. {vdi} is a UUID or a unique name, percent-encoded. */
final class VdiRoutes {
    private final StorageHost host;
    private final Names names;

    VdiRoutes(StorageHost host) {
        this.host = host;
        names = new Names(host);
    }

    List<Route> all() {
        return List.of(
                Route.get(
                        "listVdis",
                        "/v1/srs/{sr}/vdis",
                        call -> host.repository(names.sr(call.variable())).vdis()),
                Route.post("createVdi", "/v1/srs/{sr}/vdis", this::createVdi).answering(Route.CREATED),
                Route.post("snapshotVdis", "/v1/vdis/snapshot", this::snapshot)
                        .by(Role.BACKUP)
                        .answering(Route.CREATED),
                Route.get("getVdi", "/v1/vdis/{vdi}", this::vdi),
                Route.of("DELETE", "destroyVdi", "/v1/vdis/{vdi}", this::destroyVdi)
                        .by(Role.ADMIN),
                Route.post("destroyVdiData", "/v1/vdis/{vdi}/data-destroy", this::destroyVdiData)
                        .by(Role.ADMIN),
                Route.post("cloneVdi", "/v1/vdis/{vdi}/clone", this::cloneVdi).answering(Route.CREATED),
                Route.post("copyVdi", "/v1/vdis/{vdi}/copy", this::copyVdi).answering(Route.ACCEPTED),
                Route.post("setVdi", "/v1/vdis/{vdi}/set", this::setVdi),
                Route.post("resizeVdi", "/v1/vdis/{vdi}/resize", this::resizeVdi),
                Route.post("revertVdi", "/v1/vdis/{vdi}/revert", this::revertVdi)
                        .by(Role.ADMIN),
                Route.post("composeVdi", "/v1/vdis/{vdi}/compose", this::composeVdi)
                        .by(Role.ADMIN),
                Route.post("resetVdi", "/v1/vdis/{vdi}/reset", this::resetVdi).by(Role.ADMIN));
    }

    /** {"sizeBytes", "name"?, "description"?, "uuid"? or "clientName"?, "raw"?, "keys"?} */
    private Object createVdi(Call call) {
        SrId sr = names.sr(call.variable());
        return host.repository(sr).create(NewDiskBody.of(call.body(), sr));
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

    /** {"vdis":[...], "name"?}: all in one SR, for one instant is one repository's to give. Without a name each has its disk's. */
    private Object snapshot(Call call) {
        Body body = call.body();
        List<Names.Place> places = body.strings("vdis").stream().map(names::vdi).toList();
        String name = body.optionalString("name").orElse("");
        body.nothingElse();
        StorageRepository repository = places.get(0).repository();
        if (places.stream().anyMatch(place -> place.repository() != repository)) {
            throw new SrException(SrError.BAD_REQUEST, "The VDIs are in different SRs, which share no instant")
                    .correction("Take the snapshots SR by SR.");
        }
        List<VdiId> vdis = places.stream().map(Names.Place::vdi).toList();
        return name.isEmpty() ? repository.snapshot(unnamed(repository, vdis)) : repository.snapshot(vdis, name);
    }

    /** A second disk of the source's name would make both hard to call: the time is added. */
    private static List<SnapshotSpec> unnamed(StorageRepository repository, List<VdiId> vdis) {
        Instant now = Instant.now();
        List<SnapshotSpec> specs = new ArrayList<>();
        for (VdiId vdi : vdis) {
            String disk = repository.vdi(vdi).name();
            VdiId snapshot = new VdiId(UUID.randomUUID());
            specs.add(SnapshotSpec.unnamed(vdi, snapshot, disk.isEmpty() ? "snapshot" : disk, now));
        }
        return specs;
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
}
