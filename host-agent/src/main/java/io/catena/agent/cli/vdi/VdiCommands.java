package io.catena.agent.cli.vdi;

import static io.catena.agent.control.client.ControlClient.part;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.cli.session.JobFollower;
import io.catena.agent.cli.session.OnOff;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.ArgumentText;
import io.catena.agent.cli.text.Facts;
import io.catena.agent.cli.text.Size;
import io.catena.agent.cli.text.Table;
import io.catena.agent.json.Json;
import io.catena.agent.remedy.CommandWords;
import io.catena.api.Export;
import io.catena.api.Job;
import io.catena.api.SnapshotResult;
import io.catena.api.SrException;
import io.catena.api.TreeNode;
import io.catena.api.Vdi;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code catena vdi}: virtual disks. */
@Command(name = "vdi", description = "Virtual disks.", synopsisSubcommandLabel = "COMMAND")
public final class VdiCommands {
    private final Session session;

    private VdiCommands(Session session) {
        this.session = session;
    }

    /** Returns the command with all below it; those with many options are classes of their own. */
    public static CommandLine commandLine(Session session) {
        return new CommandLine(new VdiCommands(session))
                .addSubcommand(new VdiCreateCommand(session))
                .addSubcommand(new VdiExportCommand(session))
                .addSubcommand(new VdiImportCommand(session))
                .addSubcommand(new VdiMirrorCommand(session))
                .addSubcommand(new VdiMirrorsCommand(session))
                .addSubcommand(new VdiSwitchCommand(session))
                .addSubcommand(new VdiAttachCommand(session))
                .addSubcommand(new VdiActivateCommand(session));
    }

    @Command(description = "List disks.")
    void ls(@Parameters(paramLabel = "SR", arity = "0..1", description = "Default: all SRs.") @Nullable String sr) {
        JsonElement answer = sr == null ? disksOfAllSrs() : disks(sr);
        session.print(answer, () -> {
            List<Vdi> vdis = Json.list(answer, Vdi.class);
            Table table = new Table("VDI", "NAME", ">SIZE", ">USED", ">DEPTH", "STATE", "SNAPSHOT OF");
            for (Vdi vdi : vdis) {
                table.row(
                        vdi.vdi(),
                        vdi.name(),
                        Size.format(vdi.virtualSizeBytes()),
                        Size.format(vdi.physicalBytes()),
                        vdi.depth(),
                        VdiText.state(vdi),
                        vdi.snapshotOf() == null ? "" : vdi.snapshotOf());
            }
            return table.on(session.screen());
        });
    }

    private JsonElement disks(String sr) {
        return session.agent().get("/v1/srs/" + part(sr) + "/vdis");
    }

    private JsonArray disksOfAllSrs() {
        JsonArray all = new JsonArray();
        session.attachedSrs().forEach(sr -> all.addAll(disks(sr.id().toString()).getAsJsonArray()));
        return all;
    }

    @Command(description = "Show what builds on what in an SR.")
    void tree(@Parameters(paramLabel = "SR", description = ArgumentText.SR) String sr) {
        JsonElement answer = session.agent().get("/v1/srs/" + part(sr) + "/tree");
        session.print(answer, () -> session.treeView().draw(Json.list(answer, TreeNode.class)));
    }

    @Command(description = "Show what is known of disks.")
    void stat(@Parameters(paramLabel = "VDI", arity = "1..*", description = ArgumentText.VDI) List<String> vdis) {
        JsonArray found = new JsonArray();
        vdis.forEach(vdi -> found.add(withSpace(vdi)));
        session.print(
                found.size() == 1 ? found.get(0) : found,
                () -> found.asList().stream().map(VdiText::facts).collect(Collectors.joining("\n")));
    }

    private JsonObject withSpace(String vdi) {
        JsonObject disk = session.agent().get(VdiPath.of(vdi, "")).getAsJsonObject();
        try {
            JsonObject space = session.agent().get(VdiPath.of(vdi, "/space")).getAsJsonObject();
            space.remove("vdi");
            space.remove("samples");
            disk.add("space", space);
        } catch (SrException e) {
            if (!e.error().retryable()) {
                throw e;
            }
            // The disk hangs: what is known without it is told.
        }
        return disk;
    }

    @Command(description = "Take snapshots of disks, all at one instant.")
    void snapshot(
            @Parameters(paramLabel = "VDI", arity = "1..*", description = ArgumentText.VDI) List<String> vdis,
            @Option(names = "--name", paramLabel = "NAME", description = "Default: that of the disk, and the time.")
                    @Nullable
                    String name,
            @Option(names = "--dry-run", description = Session.DRY_RUN) boolean dryRun) {
        JsonArray which = new JsonArray();
        vdis.forEach(which::add);
        JsonObject body = new JsonObject();
        body.add("vdis", which);
        body.addProperty("name", name);
        JsonElement answer = session.agent().post("/v1/vdis/snapshot" + Session.dryRun(dryRun), body);
        if (dryRun) {
            session.printDone(answer, true);
            return;
        }
        session.print(answer, () -> {
            List<SnapshotResult> results = Json.list(answer, SnapshotResult.class);
            Table table = new Table("SNAPSHOT", "OF", ">PAUSE");
            StringBuilder warnings = new StringBuilder();
            for (SnapshotResult result : results) {
                table.row(result.vdi(), result.of(), result.pauseMicros() + " us");
                if (result.warning() != null) {
                    warnings.append(Table.printable(CommandWords.of(result.warning())))
                            .append('\n');
                }
            }
            return table.on(session.screen()) + warnings;
        });
    }

    @Command(description = "Make a writable disk that starts with another's content.")
    void clone(
            @Parameters(paramLabel = "VDI", description = ArgumentText.VDI) String vdi,
            @Option(names = "--name", paramLabel = "NAME", description = "Default: the disk's own.") @Nullable
                    String name,
            @Option(
                            names = "--size",
                            paramLabel = "SIZE",
                            converter = Size.DiskConverter.class,
                            description = "Default: the disk's own; it can only be larger.")
                    @Nullable
                    Size size,
            @Option(names = "--dry-run", description = Session.DRY_RUN) boolean dryRun) {
        JsonObject body = new JsonObject();
        body.addProperty("name", name);
        if (size != null) {
            body.addProperty("sizeBytes", size.bytes());
        }
        JsonElement answer = session.agent().post(VdiPath.of(vdi, "/clone") + Session.dryRun(dryRun), body);
        if (dryRun) {
            session.printDone(answer, true);
        } else {
            VdiText.printId(session, answer);
        }
    }

    @Command(description = "Make a disk larger.")
    void resize(
            @Parameters(paramLabel = "VDI", description = ArgumentText.VDI) String vdi,
            @Parameters(
                            paramLabel = "SIZE",
                            converter = Size.DiskConverter.class,
                            description = "512M, 10G, or bytes; what is added reads as zeros.")
                    Size size,
            @Option(names = "--dry-run", description = Session.DRY_RUN) boolean dryRun) {
        JsonObject body = new JsonObject();
        body.addProperty("sizeBytes", size.bytes());
        JsonElement answer = session.agent().post(VdiPath.of(vdi, "/resize") + Session.dryRun(dryRun), body);
        if (dryRun) {
            session.printDone(answer, true);
            return;
        }
        session.print(answer, () -> {
            Vdi resized = Json.read(answer, Vdi.class);
            String now = Size.format(resized.virtualSizeBytes()) + " (" + resized.virtualSizeBytes() + " bytes)";
            Export export = resized.export();
            return export == null || export.device() != null
                    ? now
                    : now + "\nClients see it when they connect to its NBD export again.";
        });
    }

    @Command(description = "Copy a disk, without its chain, within its SR, to another, or to another host's.")
    void copy(
            @Parameters(paramLabel = "VDI", description = ArgumentText.VDI) String vdi,
            @Option(
                            names = "--to",
                            paramLabel = "SR",
                            description = "Or https://HOST:PORT/SR, of another agent. Default: the disk's own.")
                    @Nullable
                    String sr,
            @Option(names = "--name", paramLabel = "NAME", description = "Default: the disk's own.") @Nullable
                    String name,
            @Option(names = "--uuid", paramLabel = "UUID", description = "Default: a new one.") @Nullable String uuid,
            @Mixin OtherHost other,
            @Option(
                            names = "--base",
                            paramLabel = "SNAPSHOT",
                            description =
                                    "Send another agent what changed since; its SR has the copy. Default: send all.")
                    @Nullable
                    String base,
            @Option(names = "--wait", description = "Wait until it is done.") boolean wait) {
        JsonObject body = new JsonObject();
        body.addProperty("name", name);
        body.addProperty("uuid", uuid);
        other.address(sr, body);
        boolean away = OtherHost.isOne(sr);
        other.require(away || base == null, "--base needs");
        if (base != null) {
            body.addProperty("base", base);
        }
        JsonElement answer = session.agent().post(VdiPath.of(vdi, away ? "/copy-to" : "/copy"), body);
        Job job = Json.read(answer, Job.class);
        if (wait) {
            new JobFollower(session).follow(job.id());
        } else {
            session.print(answer, () -> "job " + job.id() + " started; see: catena job wait " + job.id());
        }
    }

    @Command(description = "Give a disk the content of one of its snapshots; what was written since is lost.")
    void revert(
            @Parameters(paramLabel = "VDI", description = ArgumentText.VDI) String vdi,
            @Parameters(paramLabel = "SNAPSHOT", description = ArgumentText.SNAPSHOT) String snapshot,
            @Option(names = "--dry-run", description = Session.DRY_RUN) boolean dryRun) {
        JsonObject body = new JsonObject();
        body.addProperty("snapshot", snapshot);
        session.printDone(session.agent().post(VdiPath.of(vdi, "/revert") + Session.dryRun(dryRun), body), dryRun);
    }

    @Command(description = "Put a disk upon another, which becomes its base copy and is no disk any more.")
    void compose(
            @Parameters(paramLabel = "PARENT", description = "The disk that becomes the base copy: its id or name.")
                    String parent,
            @Parameters(paramLabel = "CHILD", description = "The disk that is put upon it: its id or name.")
                    String child) {
        JsonObject body = new JsonObject();
        body.addProperty("child", child);
        session.print(session.agent().post(VdiPath.of(parent, "/compose"), body), () -> "");
    }

    @Command(description = "Drop what was written to a disk since it was cut; it shows what it builds on.")
    void reset(
            @Parameters(paramLabel = "VDI", description = ArgumentText.VDI) String vdi,
            @Option(names = "--dry-run", description = Session.DRY_RUN) boolean dryRun) {
        session.printDone(session.agent().post(VdiPath.of(vdi, "/reset") + Session.dryRun(dryRun)), dryRun);
    }

    @Command(description = "Change a disk's name, description or keys.")
    void set(
            @Parameters(paramLabel = "VDI", description = ArgumentText.VDI) String vdi,
            @Option(names = "--name", paramLabel = "NAME", description = ArgumentText.NEW_NAME) @Nullable String name,
            @Option(names = "--description", paramLabel = "TEXT", description = ArgumentText.NEW_DESCRIPTION) @Nullable
                    String description,
            @Option(names = "--key", paramLabel = "KEY=VALUE", description = "May be repeated.") @Nullable
                    Map<String, String> keys,
            @Option(names = "--remove-key", paramLabel = "KEY", description = "May be repeated.") @Nullable
                    List<String> removed,
            @Option(
                            names = "--reset-on-boot",
                            paramLabel = "on|off",
                            description = "Drop what was written when it is attached or activated with --boot.")
                    @Nullable
                    OnOff resetOnBoot) {
        JsonObject body = new JsonObject();
        if (resetOnBoot != null) {
            body.addProperty("resetOnBoot", resetOnBoot == OnOff.ON);
        }
        body.addProperty("name", name);
        body.addProperty("description", description);
        body.add("keys", VdiText.keys(keys));
        if (removed != null) {
            JsonArray which = new JsonArray();
            removed.forEach(which::add);
            body.add("removeKeys", which);
        }
        session.print(session.agent().post(VdiPath.of(vdi, "/set"), body), () -> "");
    }

    @Command(description = "Show what is kept with a disk.")
    void keys(@Parameters(paramLabel = "VDI", description = ArgumentText.VDI) String vdi) {
        JsonElement answer = session.agent().get(VdiPath.of(vdi, ""));
        JsonElement keys = answer.getAsJsonObject().get("keys");
        session.print(keys, () -> {
            Facts facts = new Facts();
            new TreeMap<>(Json.read(answer, Vdi.class).keys()).forEach(facts::add);
            return facts.toString();
        });
    }

    @Command(description = "Delete disks, one after another; the first that cannot be deleted ends it.")
    void destroy(
            @Parameters(paramLabel = "VDI", arity = "1..*", description = ArgumentText.VDI) List<String> vdis,
            @Option(names = "--dry-run", description = Session.DRY_RUN) boolean dryRun) {
        JsonArray destroyed = new JsonArray();
        vdis.forEach(vdi -> destroyed.add(session.agent().delete(VdiPath.of(vdi, "") + Session.dryRun(dryRun))));
        session.printDone(destroyed.size() == 1 ? destroyed.get(0) : destroyed, dryRun);
    }

    @Command(
            name = "data-destroy",
            description =
                    "Give up the data of snapshots; they still tell what changed since: catena vdi changes --base.")
    void destroyData(
            @Parameters(paramLabel = "SNAPSHOT", arity = "1..*", description = ArgumentText.SNAPSHOT)
                    List<String> snapshots) {
        JsonArray destroyed = new JsonArray();
        snapshots.forEach(snapshot -> destroyed.add(session.agent().post(VdiPath.of(snapshot, "/data-destroy"))));
        session.print(destroyed.size() == 1 ? destroyed.get(0) : destroyed, () -> "");
    }

    @Command(description = "Show which parts of a disk may differ from another of the same tree, or hold data.")
    void changes(
            @Parameters(paramLabel = "VDI", description = ArgumentText.VDI) String vdi,
            @Option(names = "--base", paramLabel = "SNAPSHOT", description = "What it is compared with.") @Nullable
                    String base,
            @Option(names = "--hints", description = "As JSON like that of \"rbd diff\", which Backy and Benji read.")
                    boolean hints) {
        JsonElement answer =
                session.agent().get(VdiPath.of(vdi, "/changes") + (base == null ? "" : "?base=" + part(base)));
        if (hints) {
            JsonArray read = RbdHints.of(answer.getAsJsonObject().getAsJsonArray("ranges"));
            session.print(read, () -> Json.write(read));
            return;
        }
        session.print(answer, () -> {
            Table table = new Table(">OFFSET", ">LENGTH");
            answer.getAsJsonObject().getAsJsonArray("ranges").forEach(range -> {
                JsonObject found = range.getAsJsonObject();
                table.row(
                        found.get("offset").getAsLong(),
                        found.get("lengthBytes").getAsLong());
            });
            return table.on(session.screen());
        });
    }

    @Command(description = "End the I/O to a disk, after its writes are on disk; it stays attached.")
    void deactivate(
            @Parameters(paramLabel = "VDI", description = ArgumentText.VDI) String vdi,
            @Option(names = "--holder", paramLabel = "NAME", description = "Default: all of them.") @Nullable
                    String holder) {
        JsonObject body = new JsonObject();
        body.addProperty("holder", holder);
        session.print(session.agent().post(VdiPath.of(vdi, "/deactivate"), body), () -> "");
    }

    @Command(description = "End the I/O to disks, after their writes are on disk, and give them up.")
    void detach(
            @Parameters(paramLabel = "VDI", arity = "1..*", description = ArgumentText.VDI) List<String> vdis,
            @Option(names = "--holder", paramLabel = "NAME", description = "Default: all of them.") @Nullable
                    String holder,
            @Option(names = "--dry-run", description = "Tell who would lose them, and do nothing.") boolean dryRun) {
        JsonObject body = new JsonObject();
        body.addProperty("holder", holder);
        JsonArray detached = new JsonArray();
        vdis.forEach(vdi ->
                detached.add(session.agent().post(VdiPath.of(vdi, "/detach") + Session.dryRun(dryRun), body)));
        session.printDone(detached.size() == 1 ? detached.get(0) : detached, dryRun);
    }
}
