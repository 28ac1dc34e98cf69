package io.catena.agent.control;

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
        List<Route> routes = new ArrayList<>(new Routes(host, waiter, scripts).all());
        routes.addAll(new ContentRoutes(host).all());
        routes.addAll(new GuestRoutes(host, guests).all());
        return routes;
    }
}
