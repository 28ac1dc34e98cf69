package io.catena.agent.api.cloud;

import io.catena.agent.api.cloud.Plans.Plan;
import io.catena.agent.control.Body;
import io.catena.agent.control.Call;
import io.catena.agent.control.Names;
import io.catena.agent.control.route.NewDiskBody;
import io.catena.agent.remedy.ApiWords;
import io.catena.api.SrAdmission;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageHost;
import io.catena.api.Vdi;
import io.catena.api.VdiDemand;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What requests would do that make disks or let them grow, and whether limits or anything else would refuse them. */
final class GrowthPlans {
    static final Set<String> KNOWN = Set.of("createVdi", "putVdiByClientName", "cloneVdi", "snapshotVdis", "resizeVdi");

    private final StorageHost host;
    private final Names names;

    GrowthPlans(StorageHost host) {
        this.host = host;
        names = new Names(host);
    }

    Plan plan(String operation, Call call) {
        return switch (operation) {
            case "createVdi" -> {
                SrId sr = names.sr(call.variable());
                yield create(operation, sr, NewDiskBody.of(call.body(), sr));
            }
            case "putVdiByClientName" -> {
                SrId sr = names.sr(call.variables().get(0));
                yield create(operation, sr, NewDiskBody.named(call.variables().get(1), call.body(), sr));
            }
            case "cloneVdi" -> cloneVdi(call);
            case "snapshotVdis" -> snapshot(call);
            case "resizeVdi" -> resize(call);
            default -> throw new IllegalArgumentException("no plan for " + operation);
        };
    }

    private Plan create(String operation, SrId sr, VdiSpec spec) {
        String effect = "A disk of " + spec.sizeBytes() + " bytes is made in SR " + sr + ".";
        return plan(operation, List.of(effect), host.repository(sr), VdiDemand.create(spec));
    }

    private Plan cloneVdi(Call call) {
        Body body = call.body();
        body.optionalString("name");
        long sizeBytes = body.has("sizeBytes") ? body.number("sizeBytes") : 0;
        body.nothingElse();
        Names.Place place = names.vdi(call.variable());
        Vdi vdi = place.repository().vdi(place.vdi());
        String effect = "A disk of " + (sizeBytes == 0 ? vdi.virtualSizeBytes() : sizeBytes)
                + " bytes is made that starts with the content of " + Plans.called(vdi) + ".";
        return plan("cloneVdi", List.of(effect), place.repository(), VdiDemand.clone(place.vdi(), sizeBytes));
    }

    private Plan snapshot(Call call) {
        Body body = call.body();
        List<Names.Place> places = body.strings("vdis").stream().map(names::vdi).toList();
        body.optionalString("name");
        body.nothingElse();
        List<String> effects = new ArrayList<>();
        Set<SrAdmission> repositories = new LinkedHashSet<>();
        List<VdiId> vdis = new ArrayList<>();
        for (Names.Place place : places) {
            effects.add(
                    "A snapshot is taken of " + Plans.called(place.repository().vdi(place.vdi())) + ".");
            repositories.add(place.repository());
            vdis.add(place.vdi());
        }
        if (repositories.size() > 1) {
            return plan("snapshotVdis", effects, List.of("The VDIs are in different SRs, which share no instant"));
        }
        return plan("snapshotVdis", effects, places.get(0).repository(), VdiDemand.snapshot(vdis));
    }

    private Plan resize(Call call) {
        long sizeBytes = call.body().number("sizeBytes");
        call.body().nothingElse();
        Names.Place place = names.vdi(call.variable());
        Vdi vdi = place.repository().vdi(place.vdi());
        String effect = "Disk " + Plans.called(vdi) + " of " + vdi.virtualSizeBytes() + " bytes gets at least "
                + sizeBytes + ".";
        return plan("resizeVdi", List.of(effect), place.repository(), VdiDemand.resize(place.vdi(), sizeBytes));
    }

    private static Plan plan(String operation, List<String> effects, SrAdmission on, VdiDemand demand) {
        try {
            on.admit(demand);
            return plan(operation, effects, List.of());
        } catch (SrException e) {
            if (e.error().retryable()) {
                throw e;
            }
            String advice = ApiWords.orNull(e.advice());
            return plan(
                    operation, effects, List.of(e.error() + ": " + e.detail() + (advice == null ? "" : ". " + advice)));
        }
    }

    private static Plan plan(String operation, List<String> effects, List<String> blockers) {
        return new Plan(operation, effects, false, null, blockers, 0, 0);
    }
}
