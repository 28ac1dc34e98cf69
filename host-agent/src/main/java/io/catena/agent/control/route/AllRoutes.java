package io.catena.agent.control.route;

import io.catena.agent.control.JobWaiter;
import io.catena.agent.control.Route;
import io.catena.agent.control.Scripts;
import io.catena.agent.guest.Guests;
import io.catena.api.StorageHost;
import java.util.ArrayList;
import java.util.List;

/** All that can be asked, of whichever face: the one place where a new group of routes is added. */
public final class AllRoutes {
    private AllRoutes() {}

    /**
     * Returns the routes.
     *
     * @param host whose SRs they are about; not necessarily all that there are
     */
    public static List<Route> of(StorageHost host, JobWaiter waiter, Guests guests, Scripts scripts) {
        List<Route> routes = new ArrayList<>(new SrRoutes(host).all());
        routes.addAll(new GarbageRoutes(host).all());
        routes.addAll(new VdiRoutes(host).all());
        routes.addAll(new AttachRoutes(host).all());
        routes.addAll(new ContentRoutes(host).all());
        routes.addAll(new GuestRoutes(host, guests).all());
        routes.addAll(new PluginRoutes(scripts).all());
        routes.addAll(new JobRoutes(host, waiter).all());
        return routes;
    }
}
