package io.catena.agent.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.ArgumentText;
import io.catena.agent.cli.text.Table;
import io.catena.agent.json.Json;
import io.catena.api.PeerHost;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code catena host}: the hosts that share an SR. */
@Command(name = "host", description = "Hosts that share an SR.", synopsisSubcommandLabel = "COMMAND")
final class HostCommands {
    private final Session session;

    HostCommands(Session session) {
        this.session = session;
    }

    @Command(description = "List the hosts that reach a shared SR, and which of them has it; takes some seconds.")
    void ls(@Parameters(paramLabel = "DIR", description = ArgumentText.SR_DIRECTORY) Path path) {
        JsonElement answer = session.agent().post("/v1/hosts/list", body(path));
        session.print(answer, () -> {
            List<PeerHost> hosts = Json.list(answer, PeerHost.class);
            Table table = new Table("HOST", "NAME", "STATE", "DOES", "SINCE", "DISKS");
            for (PeerHost host : hosts) {
                table.row(
                        host.host(),
                        host.name(),
                        host.state() + (host.self() ? " (this host)" : ""),
                        does(host),
                        Objects.requireNonNullElse(host.since(), "?"),
                        host.holds() ? "" : Integer.toString(host.disks().size()));
            }
            return table.on(session.screen());
        });
    }

    private static String does(PeerHost host) {
        if (host.holds()) {
            return "has the SR";
        }
        return host.state().equals("alive") || !host.disks().isEmpty() ? "follows" : "";
    }

    @Command(
            description = {
                "Say that a host was ended by force, so that others need not wait until it counts as dead.",
                "Data that it had answered, and then another host's, may be mixed up if it lives."
            })
    void fenced(
            @Parameters(paramLabel = "HOST", description = "Its id, as \"catena host ls\" tells it.") String host,
            @Parameters(paramLabel = "DIR", description = ArgumentText.SR_DIRECTORY) Path path) {
        JsonObject body = body(path);
        body.addProperty("host", host);
        session.print(session.agent().post("/v1/hosts/fenced", body), () -> "");
    }

    private static JsonObject body(Path path) {
        JsonObject body = new JsonObject();
        body.addProperty("path", path.toAbsolutePath().normalize().toString());
        return body;
    }
}
