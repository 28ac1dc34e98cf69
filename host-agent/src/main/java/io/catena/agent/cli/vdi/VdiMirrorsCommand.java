package io.catena.agent.cli.vdi;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.Size;
import io.catena.agent.cli.text.Table;
import picocli.CommandLine.Command;

/** {@code catena vdi mirrors}. */
@Command(name = "mirrors", description = "List the disks that are being mirrored.")
final class VdiMirrorsCommand implements Runnable {
    private final Session session;

    VdiMirrorsCommand(Session session) {
        this.session = session;
    }

    @Override
    public void run() {
        JsonElement answer = session.agent().get("/v1/mirrors");
        session.print(answer, () -> {
            Table table = new Table("VDI", ">JOB", "STATE", ">MISSING", "TO", "TROUBLE");
            for (JsonElement element : answer.getAsJsonArray()) {
                JsonObject mirror = element.getAsJsonObject();
                table.row(
                        mirror.get("vdi").getAsString(),
                        mirror.get("job").getAsLong(),
                        mirror.get("state").getAsString(),
                        Size.format(mirror.get("missingBytes").getAsLong()),
                        mirror.get("to").getAsString(),
                        mirror.get("trouble").getAsString());
            }
            return table.on(session.screen());
        });
    }
}
