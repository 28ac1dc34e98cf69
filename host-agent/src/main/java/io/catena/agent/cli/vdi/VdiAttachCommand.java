package io.catena.agent.cli.vdi;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.ArgumentText;
import io.catena.agent.json.Json;
import io.catena.api.Export;
import io.catena.api.ExportKind;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code catena vdi attach}. */
@Command(
        name = "attach",
        description = "Open disks for I/O, and print where each is served, or the block device that it is.")
final class VdiAttachCommand implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "VDI", arity = "1..*", description = ArgumentText.VDI)
    private List<String> vdis = List.of();

    @Option(names = "--read-only", description = ArgumentText.READ_ONLY)
    private boolean readOnly;

    @Option(names = "--no-activate", description = "Only reserve it: no I/O before \"vdi activate\".")
    private boolean noActivate;

    @Option(names = "--holder", paramLabel = "NAME", description = VdiActivateCommand.HOLDER)
    private @Nullable String holder;

    @Option(names = "--boot", description = VdiActivateCommand.BOOT)
    private boolean boot;

    @Option(
            names = "--as",
            paramLabel = "nbd|block",
            defaultValue = "nbd",
            description = "An export of the NBD server, or a block device of this host. Default: nbd.")
    private ExportKind as = ExportKind.NBD;

    VdiAttachCommand(Session session) {
        this.session = session;
    }

    @Override
    public void run() {
        JsonObject body = new JsonObject();
        body.addProperty("mode", readOnly ? "ro" : "rw");
        body.addProperty("as", as.symbol());
        body.addProperty("holder", holder);
        body.addProperty("inactive", noActivate);
        body.addProperty("boot", boot);
        JsonArray attached = new JsonArray();
        vdis.forEach(vdi -> attached.add(session.agent().post(VdiPath.of(vdi, "/attach"), body)));
        session.print(
                attached.size() == 1 ? attached.get(0) : attached,
                () -> attached.asList().stream().map(this::place).collect(Collectors.joining("\n")));
    }

    private String place(JsonElement attached) {
        Export export = Json.read(attached, Export.class);
        return as == ExportKind.BLOCK && export.device() != null ? export.device() : export.uri();
    }
}
