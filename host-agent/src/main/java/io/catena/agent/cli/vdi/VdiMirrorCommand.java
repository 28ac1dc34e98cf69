package io.catena.agent.cli.vdi;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.cli.session.JobFollower;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.ArgumentText;
import io.catena.agent.json.Json;
import io.catena.api.Job;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code catena vdi mirror}. */
@Command(
        name = "mirror",
        description =
                "Copy a disk while it is in use, with all that is written from now on; for ever, until \"vdi switch\".",
        footer = {
            "If the copy cannot be reached, the disk goes on without it, and it gets what it lacks later.",
            "After a restart of the agent begin again with the same --uuid: all is copied once more."
        })
final class VdiMirrorCommand implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "VDI", description = ArgumentText.VDI)
    private String vdi = "";

    @Option(
            names = "--to",
            paramLabel = "SR",
            required = true,
            description = "Or https://HOST:PORT/SR, of another agent.")
    private String sr = "";

    @Option(names = "--name", paramLabel = "NAME", description = "Default: the disk's own.")
    private @Nullable String name;

    @Option(
            names = "--uuid",
            paramLabel = "UUID",
            description = "Of a new disk, or of what an earlier mirror left unfinished. Default: a new one.")
    private @Nullable String uuid;

    @Mixin
    private OtherHost other = new OtherHost();

    @Option(names = "--wait", description = "Wait until the copy is in sync.")
    private boolean wait;

    VdiMirrorCommand(Session session) {
        this.session = session;
    }

    @Override
    public void run() {
        JsonObject body = new JsonObject();
        body.addProperty("name", name);
        body.addProperty("uuid", uuid);
        other.address(sr, body);
        JsonElement answer = session.agent().post(VdiPath.of(vdi, "/mirror"), body);
        Job job = Json.read(answer, Job.class);
        if (wait) {
            new JobFollower(session).follow(job.id(), VdiMirrorCommand::isInSync);
        } else {
            session.print(answer, () -> "job " + job.id() + " started; see: catena vdi mirrors");
        }
    }

    /** All is copied that was there when it was asked. */
    private static boolean isInSync(Job job) {
        return job.phase().startsWith("in sync");
    }
}
