package io.catena.agent.cli.vdi;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.ArgumentText;
import io.catena.agent.json.Json;
import io.catena.api.Export;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code catena vdi activate}. */
@Command(name = "activate", description = "Open a disk that is attached for I/O, and print where it is served.")
final class VdiActivateCommand implements Runnable {
    static final String HOLDER = "For whom; one writes, or many read. Default: nobody in particular.";
    static final String BOOT = "For a boot: a disk that is reset on boot is reset first.";

    private final Session session;

    @Parameters(paramLabel = "VDI", description = ArgumentText.VDI)
    private String vdi = "";

    @Option(names = "--read-only", description = "Default: as it is attached.")
    private boolean readOnly;

    @Option(names = "--boot", description = BOOT)
    private boolean boot;

    @Option(names = "--holder", paramLabel = "NAME", description = HOLDER)
    private @Nullable String holder;

    VdiActivateCommand(Session session) {
        this.session = session;
    }

    @Override
    public void run() {
        JsonObject body = new JsonObject();
        body.addProperty("boot", boot);
        if (readOnly) {
            body.addProperty("mode", "ro");
        }
        body.addProperty("holder", holder);
        JsonElement answer = session.agent().post(VdiPath.of(vdi, "/activate"), body);
        session.print(answer, () -> Json.read(answer, Export.class).uri());
    }
}
