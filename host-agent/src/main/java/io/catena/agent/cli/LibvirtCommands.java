package io.catena.agent.cli;

import static io.catena.agent.control.client.ControlClient.part;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.ArgumentText;
import io.catena.agent.cli.text.Facts;
import io.catena.agent.cli.text.Table;
import io.catena.agent.guest.Guest;
import io.catena.agent.guest.GuestDisk;
import io.catena.agent.guest.GuestSnapshot;
import io.catena.agent.json.Json;
import io.catena.api.SnapshotResult;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code catena libvirt}: disks of running guests. */
@Command(
        name = "libvirt",
        description = "Disks of running guests. A DOMAIN is a guest's name or UUID.",
        synopsisSubcommandLabel = "COMMAND")
final class LibvirtCommands {
    private final Session session;

    LibvirtCommands(Session session) {
        this.session = session;
    }

    @Command(description = "Attach a disk and give it to a running guest.")
    void attach(
            @Parameters(paramLabel = "VDI", description = ArgumentText.VDI) String vdi,
            @Parameters(paramLabel = "DOMAIN", description = ArgumentText.GUEST) String domain,
            @Option(names = "--target", paramLabel = "vdX", description = "Default: the first free one.") @Nullable
                    String target,
            @Option(names = "--read-only", description = ArgumentText.READ_ONLY) boolean readOnly) {
        JsonObject body = disk(target, readOnly);
        body.addProperty("vdi", vdi);
        JsonElement answer = session.agent().post(path(domain, "attach"), body);
        session.print(answer, () -> Json.read(answer, GuestDisk.class).target());
    }

    @Command(description = "Take a disk from a running guest and detach it; waits until the guest has given it up.")
    void detach(
            @Parameters(paramLabel = "VDI", description = ArgumentText.VDI) String vdi,
            @Parameters(paramLabel = "DOMAIN", description = ArgumentText.GUEST) String domain,
            @Option(names = "--timeout", paramLabel = "S", description = "Seconds to wait for the guest. Default: 30.")
                    @Nullable
                    Integer timeoutSeconds) {
        JsonObject body = new JsonObject();
        body.addProperty("vdi", vdi);
        if (timeoutSeconds != null) {
            body.addProperty("timeoutSeconds", timeoutSeconds);
        }
        session.print(session.agent().post(path(domain, "detach"), body), () -> "");
    }

    @Command(description = "List which running guests use which disks.")
    void ls() {
        JsonElement answer = session.agent().get("/v1/guests");
        session.print(answer, () -> {
            Table table = new Table("GUEST", "STATE", "TARGET", "VDI", "MODE");
            for (Guest guest : Json.list(answer, Guest.class)) {
                for (GuestDisk disk : guest.disks()) {
                    table.row(
                            guest.name(),
                            state(guest),
                            disk.target(),
                            disk.vdi(),
                            disk.mode().symbol());
                }
            }
            return table.on(session.screen());
        });
    }

    /** Whether the guest's file systems are to be held still. */
    static final class FreezeChoice {
        @Option(names = "--no-freeze", description = "Do not ask the guest to hold its file systems still.")
        boolean never;

        @Option(names = "--require-freeze", description = "Take no snapshot if the guest cannot do that.")
        boolean require;

        String symbol() {
            if (never) {
                return "never";
            }
            return require ? "require" : "try";
        }
    }

    @Command(description = "Take snapshots of all disks that a guest may write, at one instant.")
    void snapshot(
            @Parameters(paramLabel = "DOMAIN", description = ArgumentText.GUEST) String domain,
            @Option(
                            names = "--name",
                            paramLabel = "NAME",
                            description = "Default: those of guest and disk, and the time.")
                    @Nullable
                    String name,
            @ArgGroup @Nullable FreezeChoice freeze) {
        JsonObject body = new JsonObject();
        body.addProperty("name", name);
        body.addProperty("freeze", freeze == null ? "try" : freeze.symbol());
        JsonElement answer = session.agent().post(path(domain, "snapshot"), body);
        session.print(answer, () -> format(Json.read(answer, GuestSnapshot.class)));
    }

    @Command(description = "Print the element that gives a guest the disk, for its definition; attaches nothing.")
    void xml(
            @Parameters(paramLabel = "VDI", description = ArgumentText.VDI) String vdi,
            @Option(names = "--target", paramLabel = "vdX", description = "Default: vdb.") @Nullable String target,
            @Option(names = "--read-only", description = ArgumentText.READ_ONLY) boolean readOnly) {
        JsonElement answer = session.agent().post("/v1/vdis/" + part(vdi) + "/libvirt-xml", disk(target, readOnly));
        session.print(answer, () -> answer.getAsJsonObject().get("xml").getAsString());
    }

    private static JsonObject disk(@Nullable String target, boolean readOnly) {
        JsonObject body = new JsonObject();
        body.addProperty("target", target);
        body.addProperty("mode", readOnly ? "ro" : "rw");
        return body;
    }

    private static String path(String domain, String action) {
        return "/v1/guests/" + part(domain) + "/" + action;
    }

    private static String state(Guest guest) {
        return guest.state().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static String format(GuestSnapshot taken) {
        Table table = new Table("SNAPSHOT", "OF", ">PAUSE");
        for (SnapshotResult result : taken.snapshots()) {
            table.row(result.vdi(), result.of(), result.pauseMicros() + " us");
        }
        return new Facts()
                        .add("consistency", taken.consistency().name().toLowerCase(Locale.ROOT))
                        .add("reason", taken.reason())
                        .add("writes held back", taken.pauseMillis() + " ms")
                        .toString()
                + table;
    }
}
