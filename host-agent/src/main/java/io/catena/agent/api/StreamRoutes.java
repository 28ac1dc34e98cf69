package io.catena.agent.api;

import io.catena.agent.api.event.Events;
import io.catena.agent.api.problem.ApiException;
import io.catena.agent.control.Call;
import io.catena.agent.control.Route;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Events as the network has them: a stream for readers that accept one, else pages. */
final class StreamRoutes {
    private static final String TYPE = "text/event-stream";

    private final Events events;
    private final Route pages;

    /**
     * @param shared among which the pages are
     */
    StreamRoutes(Events events, List<Route> shared) {
        this.events = events;
        pages = shared.stream()
                .filter(route -> route.operationId().equals("listEvents"))
                .findFirst()
                .orElseThrow();
    }

    List<Route> all() {
        return List.of(pages.acting(this::answer));
    }

    private Object answer(Call call) {
        if (!String.valueOf(call.accept()).contains(TYPE)) {
            return pages.action().answer(call);
        }
        Object stream = events.stream(call, lastId(call));
        if (stream == null) {
            throw new ApiException(
                    503, "TOO_MANY_READERS", "Too many clients read events, or too many of this caller", null, 30);
        }
        return stream;
    }

    /** What a browser sends when it comes back. */
    private static @Nullable Long lastId(Call call) {
        String text = call.lastEventId();
        try {
            return text == null || text.isBlank() ? null : Long.valueOf(text.strip());
        } catch (NumberFormatException e) {
            throw new ApiException(
                    400, "BAD_REQUEST", "\"Last-Event-ID\" is \"" + text + "\", expected a number", null);
        }
    }
}
