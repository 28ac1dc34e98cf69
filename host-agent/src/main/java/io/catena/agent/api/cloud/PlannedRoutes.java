package io.catena.agent.api.cloud;

import io.catena.agent.api.problem.ApiException;
import io.catena.agent.control.Call;
import io.catena.agent.control.Route;
import io.catena.api.StorageHost;
import java.util.ArrayList;
import java.util.List;

/** Routes that tell what they would do, and do nothing, when they are asked for a dry run. */
public final class PlannedRoutes {
    private PlannedRoutes() {}

    /** Returns the routes, each answering {@code ?dryRun=true} with a plan, or with the reason why there is none. */
    public static List<Route> of(StorageHost host, List<Route> routes) {
        List<Route> planned = new ArrayList<>();
        for (Route route : routes) {
            planned.add(route.takesBytes() ? route : route.acting(call -> answer(host, route, call)));
        }
        return planned;
    }

    private static Object answer(StorageHost host, Route route, Call call) {
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
        return new Plans(host).plan(route.operationId(), call);
    }
}
