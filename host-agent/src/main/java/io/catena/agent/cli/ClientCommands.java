package io.catena.agent.cli;

import static io.catena.agent.control.client.ControlClient.part;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.api.auth.Client;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.Table;
import io.catena.agent.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code catena client}: what those may do who show a certificate. */
@Command(
        name = "client",
        description = "What those may do who show a certificate, over the API and over NBD.",
        synopsisSubcommandLabel = "COMMAND")
final class ClientCommands {
    private final Session session;

    ClientCommands(Session session) {
        this.session = session;
    }

    @Command(description = "Say what a client may do; what was said of it before is forgotten.")
    void set(
            @Parameters(paramLabel = "NAME", description = "A name in its certificate.") String name,
            @Option(names = "--role", paramLabel = "ROLE", description = "Its role over the API. Default: none.")
                    @Nullable
                    String role,
            @Option(
                            names = "--sr",
                            paramLabel = "SR",
                            description =
                                    "It may reach the disks of this SR, and over the API no other; may be given again.")
                    @Nullable
                    List<String> srs,
            @Option(
                            names = "--vdi",
                            paramLabel = "VDI",
                            description = "It may reach this disk over NBD; may be given again.")
                    @Nullable
                    List<String> vdis,
            @Option(
                            names = "--label",
                            paramLabel = "KEY=VALUE",
                            description =
                                    "It may reach disks that have this key over NBD, and all others that are given.")
                    @Nullable
                    Map<String, String> labels,
            @Option(names = "--everything", description = "It may reach all disks over NBD.") boolean everything,
            @Option(names = "--read-only", description = "It may only read these disks.") boolean readOnly) {
        JsonObject body = new JsonObject();
        if (role != null) {
            body.addProperty("role", role);
        }
        addList(body, "srs", srs);
        addList(body, "vdis", vdis);
        if (labels != null) {
            JsonObject keys = new JsonObject();
            labels.forEach(keys::addProperty);
            body.add("labels", keys);
        }
        body.addProperty("everything", everything);
        body.addProperty("readOnly", readOnly);
        JsonElement answer = session.agent().put("/v1/clients/" + part(name), body);
        session.print(answer, () -> "");
    }

    private static void addList(JsonObject body, String field, @Nullable List<String> values) {
        if (values != null) {
            JsonArray list = new JsonArray();
            values.forEach(list::add);
            body.add(field, list);
        }
    }

    @Command(description = "List what was said of clients.")
    void ls() {
        JsonElement answer = session.agent().get("/v1/clients");
        session.print(answer, () -> {
            Table table = new Table("NAME", "API", "DISKS", "MODE");
            for (Client client : Json.list(answer, Client.class)) {
                table.row(
                        client.client(),
                        client.role() == null ? "" : client.role().text(),
                        disks(client),
                        client.readOnly() ? "ro" : "rw");
            }
            return table.toString();
        });
    }

    private static String disks(Client client) {
        if (client.everything()) {
            return "all";
        }
        List<String> disks = new ArrayList<>();
        client.srs().forEach(sr -> disks.add("sr " + sr));
        client.vdis().forEach(vdi -> disks.add("vdi " + vdi));
        client.labels().forEach((key, value) -> disks.add(key + "=" + value));
        return String.join(", ", disks);
    }

    @Command(description = "Take all rights from a client; whoever is connected loses its disks within seconds.")
    void remove(@Parameters(paramLabel = "NAME", description = "The name in the client's certificate.") String name) {
        JsonElement answer = session.agent().delete("/v1/clients/" + part(name));
        session.print(answer, () -> "");
    }
}
