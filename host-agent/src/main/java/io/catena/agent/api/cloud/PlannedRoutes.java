package io.catena.agent.api.cloud;

import io.catena.agent.api.problem.ApiException;
import io.catena.agent.control.Call;
import io.catena.agent.control.Route;
import io.catena.api.StorageHost;
import io.catena.api.VdiId;
import java.util.ArrayList;
import java.util.List;

/** Routes that tell what they would do, and do nothing, when they are asked for a dry run. */
public final class PlannedRoutes {
    private PlannedRoutes() {}

    /** Tells who uses a disk beside its holders. */
    @FunctionalInterface
    public interface Users {
        /** Returns what is to be said of each, as a sentence. */
        List<String> of(VdiId vdi);
    }

    /** Returns the routes, each answering {@code ?dryRun=true} with a plan, or with the reason why there is none. */
    public static List<Route> of(StorageHost host, Users users, List<Route> routes) {
        List<Route> planned = new ArrayList<>();
        for (Route route : routes) {
            planned.add(route.takesBytes() ? route : route.acting(call -> answer(host, users, route, call)));
        }
        return planned;
    }

    private static Object answer(StorageHost host, Users users, Route route, Call call) {
        if (!call.parameters().flag("dryRun")) {
            return route.action().answer(call);
        }
        if (GrowthPlans.KNOWN.contains(route.operationId())) {
            return new GrowthPlans(host).plan(route.operationId(), call);
        }
        if (!Plans.KNOWN.contains(route.operationId())) {
            throw new ApiException(
                    400, "BAD_REQUEST", "\"" + route.operationId() + "\" has no dry run", "Leave out \"dryRun\".");
        }
        return new Plans(host, users).plan(route.operationId(), call);
    }
}
