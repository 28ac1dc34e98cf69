package io.catena.agent.api;

import io.catena.agent.control.Role;
import io.catena.agent.control.Route;
import io.catena.agent.metrics.Metrics;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What Prometheus asks. */
final class ScrapeRoutes {
    private final Metrics metrics;

    ScrapeRoutes(Metrics metrics) {
        this.metrics = metrics;
    }

    List<Route> all() {
        return List.of(
                route("getMetrics", "/metrics", metrics::host), route("getVdiMetrics", "/metrics/vdis", metrics::vdis));
    }

    private static Route route(String id, String path, Function<@Nullable String, Metrics.Text> text) {
        return Route.get(id, path, call -> {
                    Metrics.Text answer = text.apply(call.accept());
                    return new PlainText(answer.contentType(), answer.text());
                })
                .by(Role.METRICS);
    }
}
