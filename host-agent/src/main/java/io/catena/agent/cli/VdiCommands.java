package io.catena.agent.cli;

import static io.catena.agent.control.client.ControlClient.part;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.cli.session.ContentInput;
import io.catena.agent.cli.session.ContentOutput;
import io.catena.agent.cli.session.JobFollower;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.Facts;
import io.catena.agent.cli.text.Size;
import io.catena.agent.cli.text.Table;
import io.catena.agent.json.Json;
import io.catena.agent.remedy.CommandWords;
import io.catena.api.Export;
import io.catena.api.Hold;
import io.catena.api.Job;
import io.catena.api.SnapshotResult;
import io.catena.api.Sr;
import io.catena.api.SrException;
import io.catena.api.TreeNode;
import io.catena.api.Vdi;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code catena vdi}: virtual disks. */
@Command(name = "vdi", description = "Virtual disks.", synopsisSubcommandLabel = "COMMAND")
final class VdiCommands {
    private static final String HOLDER = "For whom; one writes, or many read. Default: nobody in particular.";

    private static final String BOOT = "For a boot: a disk that is reset on boot is reset first.";

    static final String DRY_RUN = "Tell what would be done, and do nothing.";

    private final Session session;

    VdiCommands(Session session) {
        this.session = session;
    }

    /** How a VDI can be reached. */
    enum Way {
        nbd,
        block
    }

    /** What a setting is. */
    enum Switch {
        on,
        off
    }

    @Command(description = "Make an empty disk.")
    void create(
            @Parameters(paramLabel = "SR") String sr,
            @Option(
                            names = "--size",
                            required = true,
                            paramLabel = "SIZE",
                            converter = Size.DiskConverter.class,
                            description = "512M, 10G, or bytes.")
                    Size size,
            @Option(names = "--name", paramLabel = "NAME") @Nullable String name,
            @Option(names = "--uuid", paramLabel = "UUID", description = "Default: a new one.") @Nullable String uuid,
            @Option(
                            names = "--client-name",
                            paramLabel = "NAME",
                            description = "Instead of a UUID: whoever asks again with it gets the same disk.")
                    @Nullable
                    String clientName,
            @Option(names = "--raw", description = "A plain file instead of a VHD.") boolean raw,
            @Option(names = "--description", paramLabel = "TEXT") @Nullable String description,
            @Option(names = "--key", paramLabel = "KEY=VALUE", description = "To be kept with it; may be repeated.")
                    @Nullable
                    Map<String, String> keys) {
        JsonObject body = new JsonObject();
        body.addProperty("description", description);
        body.add("keys", object(keys));
        body.addProperty("sizeBytes", size.bytes());
        body.addProperty("name", name);
        body.addProperty("uuid", uuid);
        body.addProperty("clientName", clientName);
        body.addProperty("raw", raw);
        printId(session.agent().post("/v1/srs/" + part(sr) + "/vdis", body));
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
                        state(vdi),
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
        for (Sr sr : Json.list(session.agent().get("/v1/srs"), Sr.class)) {
            if (sr.attached()) {
                all.addAll(disks(sr.id().toString()).getAsJsonArray());
            }
        }
        return all;
    }

    @Command(description = "Show what builds on what in an SR.")
    void tree(@Parameters(paramLabel = "SR") String sr) {
        JsonElement answer = session.agent().get("/v1/srs/" + part(sr) + "/tree");
        session.print(answer, () -> session.treeView().draw(Json.list(answer, TreeNode.class)));
    }

    @Command(description = "Show what is known of disks.")
    void stat(@Parameters(paramLabel = "VDI", arity = "1..*") List<String> vdis) {
        JsonArray found = new JsonArray();
        vdis.forEach(vdi -> found.add(withSpace(vdi)));
        session.print(
                found.size() == 1 ? found.get(0) : found,
                () -> found.asList().stream().map(VdiCommands::format).collect(Collectors.joining("\n")));
    }

    private JsonObject withSpace(String vdi) {
        JsonObject disk = session.agent().get(path(vdi, "")).getAsJsonObject();
        try {
            JsonObject space = session.agent().get(path(vdi, "/space")).getAsJsonObject();
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
            @Parameters(paramLabel = "VDI", arity = "1..*") List<String> vdis,
            @Option(names = "--name", paramLabel = "NAME", description = "Default: the disk's own.") @Nullable
                    String name) {
        JsonArray which = new JsonArray();
        vdis.forEach(which::add);
        JsonObject body = new JsonObject();
        body.add("vdis", which);
        body.addProperty("name", name);
        JsonElement answer = session.agent().post("/v1/vdis/snapshot", body);
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
            @Parameters(paramLabel = "VDI") String vdi,
            @Option(names = "--name", paramLabel = "NAME", description = "Default: the disk's own.") @Nullable
                    String name,
            @Option(
                            names = "--size",
                            paramLabel = "SIZE",
                            converter = Size.DiskConverter.class,
                            description = "Default: the disk's own; it can only be larger.")
                    @Nullable
                    Size size) {
        JsonObject body = new JsonObject();
        body.addProperty("name", name);
        if (size != null) {
            body.addProperty("sizeBytes", size.bytes());
        }
        printId(session.agent().post(path(vdi, "/clone"), body));
    }

    @Command(description = "Make a disk larger.")
    void resize(
            @Parameters(paramLabel = "VDI") String vdi,
            @Parameters(
                            paramLabel = "SIZE",
                            converter = Size.DiskConverter.class,
                            description = "512M, 10G, or bytes; what is added reads as zeros.")
                    Size size) {
        JsonObject body = new JsonObject();
        body.addProperty("sizeBytes", size.bytes());
        JsonElement answer = session.agent().post(path(vdi, "/resize"), body);
        session.print(answer, () -> {
            Vdi resized = Json.read(answer, Vdi.class);
            String now = Size.format(resized.virtualSizeBytes()) + " (" + resized.virtualSizeBytes() + " bytes)";
            Export export = resized.export();
            return export == null || export.device() != null
                    ? now
                    : now + "\nClients see it when they connect to its NBD export again.";
        });
    }

    @Command(description = "Copy a disk, without its chain, within its SR or to another.")
    void copy(
            @Parameters(paramLabel = "VDI") String vdi,
            @Option(names = "--to", paramLabel = "SR", description = "Default: the disk's own.") @Nullable String sr,
            @Option(names = "--name", paramLabel = "NAME", description = "Default: the disk's own.") @Nullable
                    String name,
            @Option(names = "--uuid", paramLabel = "UUID", description = "Default: a new one.") @Nullable String uuid,
            @Option(names = "--wait", description = "Wait until it is done.") boolean wait) {
        JsonObject body = new JsonObject();
        body.addProperty("sr", sr);
        body.addProperty("name", name);
        body.addProperty("uuid", uuid);
        JsonElement answer = session.agent().post(path(vdi, "/copy"), body);
        Job job = Json.read(answer, Job.class);
        if (wait) {
            new JobFollower(session).follow(job.id());
        } else {
            session.print(answer, () -> "job " + job.id() + " started; see: catena job wait " + job.id());
        }
    }

    @Command(description = "Give a disk the content of one of its snapshots; what was written since is lost.")
    void revert(
            @Parameters(paramLabel = "VDI") String vdi,
            @Parameters(paramLabel = "SNAPSHOT") String snapshot,
            @Option(names = "--dry-run", description = DRY_RUN) boolean dryRun) {
        JsonObject body = new JsonObject();
        body.addProperty("snapshot", snapshot);
        session.printDone(session.agent().post(path(vdi, "/revert") + Session.dryRun(dryRun), body), dryRun);
    }

    @Command(description = "Put a disk upon another, which becomes its base copy and is no disk any more.")
    void compose(@Parameters(paramLabel = "PARENT") String parent, @Parameters(paramLabel = "CHILD") String child) {
        JsonObject body = new JsonObject();
        body.addProperty("child", child);
        session.print(session.agent().post(path(parent, "/compose"), body), () -> "");
    }

    @Command(description = "Drop what was written to a disk since it was cut; it shows what it builds on.")
    void reset(
            @Parameters(paramLabel = "VDI") String vdi,
            @Option(names = "--dry-run", description = DRY_RUN) boolean dryRun) {
        session.printDone(session.agent().post(path(vdi, "/reset") + Session.dryRun(dryRun)), dryRun);
    }

    @Command(description = "Change a disk's name, description or keys.")
    void set(
            @Parameters(paramLabel = "VDI") String vdi,
            @Option(names = "--name", paramLabel = "NAME") @Nullable String name,
            @Option(names = "--description", paramLabel = "TEXT") @Nullable String description,
            @Option(names = "--key", paramLabel = "KEY=VALUE", description = "May be repeated.") @Nullable
                    Map<String, String> keys,
            @Option(names = "--remove-key", paramLabel = "KEY", description = "May be repeated.") @Nullable
                    List<String> removed,
            @Option(
                            names = "--reset-on-boot",
                            paramLabel = "on|off",
                            description = "Drop what was written when it is attached or activated with --boot.")
                    @Nullable
                    Switch resetOnBoot) {
        JsonObject body = new JsonObject();
        if (resetOnBoot != null) {
            body.addProperty("resetOnBoot", resetOnBoot == Switch.on);
        }
        body.addProperty("name", name);
        body.addProperty("description", description);
        body.add("keys", object(keys));
        if (removed != null) {
            JsonArray which = new JsonArray();
            removed.forEach(which::add);
            body.add("removeKeys", which);
        }
        session.print(session.agent().post(path(vdi, "/set"), body), () -> "");
    }

    @Command(description = "Show what is kept with a disk.")
    void keys(@Parameters(paramLabel = "VDI") String vdi) {
        JsonElement answer = session.agent().get(path(vdi, ""));
        JsonElement keys = answer.getAsJsonObject().get("keys");
        session.print(keys, () -> {
            Facts facts = new Facts();
            new TreeMap<>(Json.read(answer, Vdi.class).keys()).forEach(facts::add);
            return facts.toString();
        });
    }

    private static JsonObject object(@Nullable Map<String, String> keys) {
        JsonObject object = new JsonObject();
        if (keys != null) {
            keys.forEach(object::addProperty);
        }
        return object;
    }

    @Command(description = "Delete disks, one after another; the first that cannot be deleted ends it.")
    void destroy(
            @Parameters(paramLabel = "VDI", arity = "1..*") List<String> vdis,
            @Option(names = "--dry-run", description = DRY_RUN) boolean dryRun) {
        JsonArray destroyed = new JsonArray();
        vdis.forEach(vdi -> destroyed.add(session.agent().delete(path(vdi, "") + Session.dryRun(dryRun))));
        session.printDone(destroyed.size() == 1 ? destroyed.get(0) : destroyed, dryRun);
    }

    @Command(
            name = "data-destroy",
            description =
                    "Give up the data of a snapshot; it still tells what changed since: catena vdi changes --base.")
    void destroyData(@Parameters(paramLabel = "SNAPSHOT") String snapshot) {
        session.print(session.agent().post(path(snapshot, "/data-destroy")), () -> "");
    }

    @Command(description = "Show which parts of a disk may differ from another of the same tree, or hold data.")
    void changes(
            @Parameters(paramLabel = "VDI") String vdi,
            @Option(names = "--base", paramLabel = "SNAPSHOT", description = "What it is compared with.") @Nullable
                    String base) {
        JsonElement answer = session.agent().get(path(vdi, "/changes") + query("base", base));
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

    @Command(
            description = "Write the content of a snapshot, or of a disk that nobody writes, to a file or a pipe.",
            footer = "With --from, a stream that broke off goes on: catena vdi export S --from 4096 >> FILE")
    void export(
            @Parameters(paramLabel = "VDI") String vdi,
            @Option(names = "--format", paramLabel = "raw|vhd|qcow2", defaultValue = "raw") String format,
            @Option(
                            names = "--base",
                            paramLabel = "SNAPSHOT",
                            description = "Of format vhd or qcow2: only what changed since this one.")
                    @Nullable
                    String base,
            @Option(names = "--from", paramLabel = "BYTE", defaultValue = "0") long from,
            @Option(names = "--output", paramLabel = "FILE", description = "A file to be made; default: stdout.")
                    @Nullable
                    Path output) {
        String query = "?format=" + part(format) + "&from=" + from + (base == null ? "" : "&base=" + part(base));
        new ContentOutput(session).write(path(vdi, "/content") + query, output);
    }

    @Command(
            name = "import",
            description =
                    "Make a disk of a file or of what comes through a pipe: raw sectors, a VHD, or a qcow2 image.",
            footer =
                    "A differencing VHD needs the disk that holds the rest: the snapshot that was the base of the export, or what"
                            + " the stream before it was imported to.%nWhat breaks off leaves nothing. Through a pipe: ssh HOST cat disk.vhd | catena vdi import SR --format vhd")
    void importContent(
            @Parameters(paramLabel = "SR") String sr,
            @Option(names = "--format", paramLabel = "raw|vhd|qcow2", required = true) String format,
            @Option(names = "--input", paramLabel = "FILE", description = "Default: stdin.") @Nullable Path input,
            @Option(names = "--name", paramLabel = "NAME") @Nullable String name,
            @Option(names = "--uuid", paramLabel = "UUID", description = "Default: a new one.") @Nullable String uuid,
            @Option(
                            names = "--size",
                            paramLabel = "BYTES",
                            description = "How many bytes come through a pipe; raw disks and fixed VHDs need it.")
                    @Nullable
                    Long size,
            @Option(
                            names = "--base",
                            paramLabel = "SNAPSHOT",
                            description =
                                    "What a differencing VHD builds on; default: the disk that holds what it asks for.")
                    @Nullable
                    String base,
            @Option(names = "--force", description = "Take the base though it is not known to be the right one.")
                    boolean force) {
        String id = uuid == null ? UUID.randomUUID().toString() : uuid;
        String query = "?format=" + part(format) + (name == null ? "" : "&name=" + part(name))
                + (size == null ? "" : "&sizeBytes=" + size)
                + (base == null ? "" : "&base=" + part(base)) + (force ? "&force=true" : "");
        printId(new ContentInput(session)
                .send("/v1/srs/" + part(sr) + "/vdis/" + part(id) + "/content" + query, input));
    }

    private static String query(String name, @Nullable String value) {
        return value == null ? "" : "?" + name + "=" + part(value);
    }

    @Command(description = "Open a disk for I/O, and print where it is served, or the block device that it is.")
    void attach(
            @Parameters(paramLabel = "VDI") String vdi,
            @Option(names = "--read-only") boolean readOnly,
            @Option(names = "--no-activate", description = "Only reserve it: no I/O before \"vdi activate\".")
                    boolean noActivate,
            @Option(names = "--holder", paramLabel = "NAME", description = HOLDER) @Nullable String holder,
            @Option(names = "--boot", description = BOOT) boolean boot,
            @Option(names = "--as", paramLabel = "nbd|block", defaultValue = "nbd") Way way) {
        JsonObject body = new JsonObject();
        body.addProperty("mode", readOnly ? "ro" : "rw");
        body.addProperty("as", way.name());
        body.addProperty("holder", holder);
        body.addProperty("inactive", noActivate);
        body.addProperty("boot", boot);
        JsonElement answer = session.agent().post(path(vdi, "/attach"), body);
        session.print(answer, () -> {
            Export export = Json.read(answer, Export.class);
            return way == Way.block && export.device() != null ? export.device() : export.uri();
        });
    }

    @Command(description = "Open a disk that is attached for I/O, and print where it is served.")
    void activate(
            @Parameters(paramLabel = "VDI") String vdi,
            @Option(names = "--read-only", description = "Default: as it is attached.") boolean readOnly,
            @Option(names = "--boot", description = BOOT) boolean boot,
            @Option(names = "--holder", paramLabel = "NAME", description = HOLDER) @Nullable String holder) {
        JsonObject body = new JsonObject();
        body.addProperty("boot", boot);
        if (readOnly) {
            body.addProperty("mode", "ro");
        }
        body.addProperty("holder", holder);
        JsonElement answer = session.agent().post(path(vdi, "/activate"), body);
        session.print(answer, () -> Json.read(answer, Export.class).uri());
    }

    @Command(description = "End the I/O to a disk, after its writes are on disk; it stays attached.")
    void deactivate(
            @Parameters(paramLabel = "VDI") String vdi,
            @Option(names = "--holder", paramLabel = "NAME", description = "Default: all of them.") @Nullable
                    String holder) {
        JsonObject body = new JsonObject();
        body.addProperty("holder", holder);
        session.print(session.agent().post(path(vdi, "/deactivate"), body), () -> "");
    }

    @Command(description = "End the I/O to disks, after their writes are on disk, and give them up.")
    void detach(
            @Parameters(paramLabel = "VDI", arity = "1..*") List<String> vdis,
            @Option(names = "--holder", paramLabel = "NAME", description = "Default: all of them.") @Nullable
                    String holder) {
        JsonObject body = new JsonObject();
        body.addProperty("holder", holder);
        JsonArray detached = new JsonArray();
        vdis.forEach(vdi -> detached.add(session.agent().post(path(vdi, "/detach"), body)));
        session.print(detached.size() == 1 ? detached.get(0) : detached, () -> "");
    }

    private static String path(String vdi, String action) {
        return "/v1/vdis/" + part(vdi) + action;
    }

    private void printId(JsonElement answer) {
        session.print(answer, () -> Json.read(answer, Vdi.class).vdi().toString());
    }

    private static String format(JsonElement disk) {
        Vdi vdi = Json.read(disk, Vdi.class);
        JsonObject space = disk.getAsJsonObject().getAsJsonObject("space");
        Facts facts = new Facts()
                .add("vdi", vdi.vdi())
                .add("name", vdi.name())
                .add("description", vdi.description())
                .add("sr", vdi.sr())
                .add("file", vdi.file())
                .add("format", vdi.file().endsWith(".raw") ? "raw" : "vhd")
                .add("size", Size.format(vdi.virtualSizeBytes()) + " (" + vdi.virtualSizeBytes() + " bytes)")
                .add("used", Size.format(vdi.physicalBytes()))
                .add("parent", vdi.parent())
                .add("depth", vdi.depth())
                .add("read-only", vdi.readOnly())
                .add("snapshot of", vdi.snapshotOf())
                .add("reset", vdi.resetOnBoot() ? "on boot" : null)
                .add("created", Facts.time(vdi.created()))
                .add("keys", vdi.keys().isEmpty() ? null : new TreeMap<>(vdi.keys()))
                .add("state", state(vdi))
                .add("held", held(vdi))
                .add("uri", vdi.export() == null ? null : vdi.export().uri())
                .add("device", vdi.export() == null ? null : vdi.export().device())
                .add("problem", vdi.problem());
        if (space != null) {
            facts.add("chain", Size.format(bytes(space, "chainBytes")) + ", shared nodes included")
                    .add("grows", space.has("bytesPerDay") ? Size.format(bytes(space, "bytesPerDay")) + " a day" : null)
                    .add("deleting", gain(space));
        }
        return facts.toString();
    }

    private static long bytes(JsonObject space, String field) {
        return space.get(field).getAsLong();
    }

    private static String gain(JsonObject space) {
        long later = bytes(space, "freesLaterBytes");
        return "gives back " + Size.format(bytes(space, "freesAtOnceBytes"))
                + (later == 0 ? "" : ", and " + Size.format(later) + " or more when it was merged");
    }

    /** Who holds a disk, if not only nobody in particular. */
    private static @Nullable String held(Vdi vdi) {
        boolean named = vdi.holds().stream().anyMatch(hold -> !hold.holder().equals(Hold.HOST));
        return named ? vdi.holds().stream().map(Hold::text).collect(Collectors.joining(", ")) : null;
    }

    private static String state(Vdi vdi) {
        String state = vdi.state().name().toLowerCase(Locale.ROOT);
        return vdi.export() == null ? state : state + " " + vdi.export().mode().symbol();
    }
}
