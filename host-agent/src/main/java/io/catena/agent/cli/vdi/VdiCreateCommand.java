package io.catena.agent.cli.vdi;

import static io.catena.agent.control.client.ControlClient.part;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.ArgumentText;
import io.catena.agent.cli.text.Size;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code catena vdi create}. */
@Command(name = "create", description = "Make an empty disk.")
final class VdiCreateCommand implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "SR", description = ArgumentText.SR)
    private String sr = "";

    @Option(
            names = "--size",
            required = true,
            paramLabel = "SIZE",
            converter = Size.DiskConverter.class,
            description = "512M, 10G, or bytes.")
    private @Nullable Size size;

    @Option(names = "--name", paramLabel = "NAME", description = "What it is to be called. Default: nothing.")
    private @Nullable String name;

    @Option(names = "--uuid", paramLabel = "UUID", description = "Default: a new one.")
    private @Nullable String uuid;

    @Option(
            names = "--client-name",
            paramLabel = "NAME",
            description = "Instead of a UUID: whoever asks again with it gets the same disk.")
    private @Nullable String clientName;

    @Option(names = "--raw", description = "A plain file instead of a VHD.")
    private boolean raw;

    @Option(
            names = "--description",
            paramLabel = "TEXT",
            description = "What is to be said about it. Default: nothing.")
    private @Nullable String description;

    @Option(names = "--key", paramLabel = "KEY=VALUE", description = "To be kept with it; may be repeated.")
    private @Nullable Map<String, String> keys;

    @Option(names = "--dry-run", description = Session.DRY_RUN)
    private boolean dryRun;

    VdiCreateCommand(Session session) {
        this.session = session;
    }

    @Override
    public void run() {
        JsonObject body = new JsonObject();
        body.addProperty("description", description);
        body.add("keys", VdiText.keys(keys));
        body.addProperty("sizeBytes", Objects.requireNonNull(size, "size").bytes());
        body.addProperty("name", name);
        body.addProperty("uuid", uuid);
        body.addProperty("clientName", clientName);
        body.addProperty("raw", raw);
        JsonElement answer = session.agent().post("/v1/srs/" + part(sr) + "/vdis" + Session.dryRun(dryRun), body);
        if (dryRun) {
            session.printDone(answer, true);
        } else {
            VdiText.printId(session, answer);
        }
    }
}
