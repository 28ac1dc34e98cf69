package io.catena.agent.api.cloud;

import io.catena.agent.api.problem.ApiException;
import io.catena.agent.control.Call;
import io.catena.agent.control.Names;
import io.catena.agent.control.Role;
import io.catena.agent.control.Route;
import io.catena.api.Job;
import io.catena.api.SnapshotResult;
import io.catena.api.StorageHost;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The shared routes as they are over the network: which of them there are, and where a role may do a thing with some objects
 * only.
 */
public final class NetworkRoutes {
    private final StorageHost host;
    private final Names names;
    private final PlannedRoutes.Users users;

    /**
     * @param users who has a disk beside its holders
     */
    public NetworkRoutes(StorageHost host, PlannedRoutes.Users users) {
        this.host = host;
        this.users = users;
        names = new Names(host);
    }

    /** Returns what there is over the network of the routes that all faces share. */
    public List<Route> of(List<Route> shared) {
        List<Route> routes = new ArrayList<>();
        for (Route route : PlannedRoutes.of(host, users, shared)) {
            if (!route.takesBytes()) {
                routes.add(changed(route));
            }
        }
        return routes;
    }

    private Route changed(Route route) {
        return switch (route.operationId()) {
            case "getJob" -> route.acting(this::job);
            case "destroyVdi", "destroyVdiData" -> route.by(Role.BACKUP).acting(call -> destroy(route, call));
            case "snapshotVdis" -> route.acting(call -> snapshot(route, call));
            default -> route;
        };
    }

    private Object job(Call call) {
        long id = call.number();
        Optional<Job> job =
                host.jobs().stream().filter(known -> known.id() == id).findFirst();
        return job.orElseThrow(() -> ApiException.missing("There is no job " + id + " any more, or yet"));
    }

    private Object destroy(Route route, Call call) {
        Names.Place place = names.vdi(call.variable());
        Deletions.check(call.caller(), place.repository().vdi(place.vdi()));
        return route.action().answer(call);
    }

    private Object snapshot(Route route, Call call) {
        Object answer = route.action().answer(call);
        if (call.caller().role() == Role.BACKUP && answer instanceof List<?> results) {
            for (Object result : results) {
                if (result instanceof SnapshotResult taken) {
                    mark(taken.vdi(), call.caller().name());
                }
            }
        }
        return answer;
    }

    /** If this is cut off, the snapshot is one that its taker cannot delete; an operator can. */
    private void mark(VdiId snapshot, String taker) {
        Names.Place place = names.vdi(snapshot.toString());
        place.repository().set(snapshot, new VdiChange(null, null, Map.of(Deletions.MADE_BY, taker), Set.of()));
    }
}
