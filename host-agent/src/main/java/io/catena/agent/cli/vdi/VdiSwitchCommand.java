package io.catena.agent.cli.vdi;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.ArgumentText;
import io.catena.agent.json.Json;
import io.catena.api.Job;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code catena vdi switch}. */
@Command(
        name = "switch",
        description = "End a mirror that is in sync: the disk is deactivated, and its copy is what goes on.")
final class VdiSwitchCommand implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "VDI", description = ArgumentText.VDI)
    private String vdi = "";

    VdiSwitchCommand(Session session) {
        this.session = session;
    }

    @Override
    public void run() {
        JsonElement answer = session.agent().post(VdiPath.of(vdi, "/switch"), new JsonObject());
        session.print(answer, () -> Json.read(answer, Job.class).result());
    }
}
