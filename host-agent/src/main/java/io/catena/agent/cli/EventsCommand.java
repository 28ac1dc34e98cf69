package io.catena.agent.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.api.event.Event;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.Facts;
import io.catena.agent.cli.text.Table;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.json.Json;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code catena events}: what happened, and what happens. */
@Command(name = "events", description = "Show what happened; with --follow, also what happens from now on.")
final class EventsCommand implements Callable<Integer> {
    private static final int PAGE = 1000;

    private final Session session;

    @Option(names = "--follow", description = "Go on until interrupted.")
    private boolean follow;

    @Option(names = "--since", paramLabel = "ID", description = "Only what happened after this event.")
    private @Nullable Long since;

    @Option(
            names = "--kinds",
            paramLabel = "KIND,...",
            description = "Only these: sr, vdi, snapshot, job, job.done, ...")
    private @Nullable String kinds;

    EventsCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        ControlClient agent = session.agent();
        String filter = kinds == null ? "" : "&kinds=" + ControlClient.part(kinds);
        long last = since == null ? 0 : since;
        while (true) {
            JsonObject page = agent.get(
                            "/v1/events?limit=" + PAGE + "&wait=" + (follow ? 20 : 0) + "&since=" + last + filter)
                    .getAsJsonObject();
            if (page.get("reset").getAsBoolean()) {
                session.err().println("catena: older events are not kept any more; look at everything anew");
                session.err().flush();
            }
            page.getAsJsonArray("events").forEach(this::print);
            session.out().flush();
            boolean more = page.get("last").getAsLong() != last;
            last = page.get("last").getAsLong();
            if (!more && !follow) {
                return 0;
            }
        }
    }

    /** One event a line, also with --json: there is no end of them. */
    private void print(JsonElement json) {
        if (session.json()) {
            session.out().println(Json.write(json));
            return;
        }
        Event event = Json.read(json, Event.class);
        String data = event.data().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .collect(Collectors.joining(" "));
        String about = event.vdi() != null
                ? "vdi " + event.vdi()
                : event.job() != null ? "job " + event.job() : event.sr() == null ? "" : "sr " + event.sr();
        session.out()
                .println(Table.printable(event.id() + "  " + Facts.time(event.time()) + "  " + event.kind() + "  "
                        + about + "  " + data));
    }
}
