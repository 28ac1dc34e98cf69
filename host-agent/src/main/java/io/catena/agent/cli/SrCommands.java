package io.catena.agent.cli;

import static io.catena.agent.control.client.ControlClient.part;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.ArgumentText;
import io.catena.agent.cli.text.Facts;
import io.catena.agent.cli.text.GcStatusText;
import io.catena.agent.cli.text.PlanText;
import io.catena.agent.cli.text.QuotaText;
import io.catena.agent.cli.text.Size;
import io.catena.agent.cli.text.Table;
import io.catena.agent.json.Json;
import io.catena.agent.remedy.CommandWords;
import io.catena.api.GcStatus;
import io.catena.api.Hold;
import io.catena.api.Job;
import io.catena.api.LocationProbe;
import io.catena.api.Sr;
import io.catena.api.SrCheck;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrHealth;
import io.catena.api.SrProbe;
import io.catena.api.SrQuotas;
import io.catena.api.SrStat;
import io.catena.api.SrUse;
import io.catena.api.Uuids;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code catena sr}: storage repositories. */
@Command(name = "sr", description = "Storage repositories.", synopsisSubcommandLabel = "COMMAND")
final class SrCommands {
    private static final String SINGLE_HOST =
            "The directory is on a file system that other hosts can reach, such as NFS, but none of them uses it.";

    private static final String TYPE = "What is mounted for the SR, in place of a directory that is there.";
    private static final String CONFIG =
            "nfs: server, path, vers, options; ext and xfs: device; all: directory, the SR's in its file system.";

    private final Session session;

    @Spec
    private @Nullable CommandSpec spec;

    SrCommands(Session session) {
        this.session = session;
    }

    @Command(description = "Make an SR in a directory that is absent or empty, and attach it.")
    void create(
            @Parameters(paramLabel = "NAME", description = "What it is to be called.") String name,
            @Option(names = "--path", paramLabel = "DIR", description = "Its directory, which is absent or empty.")
                    @Nullable
                    Path path,
            @Option(names = "--type", paramLabel = "nfs|ext|xfs", description = TYPE) @Nullable String type,
            @Option(names = "--config", paramLabel = "KEY=VALUE", description = CONFIG) @Nullable
                    Map<String, String> config,
            @Option(names = "--format", description = "Make a file system on a device that has nothing on it.")
                    boolean format,
            @Option(names = "--uuid", paramLabel = "UUID", description = "Default: a new one.") @Nullable String uuid,
            @Option(names = "--single-host", description = SINGLE_HOST) boolean singleHost) {
        JsonObject body = new JsonObject();
        body.addProperty("name", name);
        addPlace(body, path == null ? null : absolute(path), type, config);
        body.addProperty("uuid", uuid);
        if (format) {
            body.addProperty("format", true);
        }
        addSingleHost(body, singleHost);
        printId(session.agent().post("/v1/srs", body));
    }

    /** Adds a directory, or what is to be mounted. */
    private void addPlace(
            JsonObject body, @Nullable String path, @Nullable String type, @Nullable Map<String, String> config) {
        if ((path == null) == (type == null)) {
            CommandLine command = Objects.requireNonNull(spec).commandLine();
            throw new ParameterException(command, "either a directory or --type has to be given");
        }
        body.addProperty("path", path);
        body.addProperty("type", type);
        if (type != null) {
            JsonObject values = new JsonObject();
            Map<String, String> given = config == null ? Map.of() : config;
            given.forEach(values::addProperty);
            body.add("config", values);
        }
        body.asMap().values().removeIf(JsonElement::isJsonNull);
    }

    private static void addSingleHost(JsonObject body, boolean singleHost) {
        if (singleHost) {
            body.addProperty("singleHost", true);
        }
    }

    @Command(description = "Attach the SR in a directory, or one seen before.")
    void attach(
            @Parameters(
                            paramLabel = "DIR|SR",
                            arity = "0..1",
                            description = "Its directory, or the id or name of one seen before; neither with --type.")
                    @Nullable
                    String which,
            @Option(names = "--type", paramLabel = "nfs|ext|xfs", description = TYPE) @Nullable String type,
            @Option(names = "--config", paramLabel = "KEY=VALUE", description = CONFIG) @Nullable
                    Map<String, String> config,
            @Option(names = "--adopt", description = "Make an SR of a directory of VHDs that is none yet.")
                    boolean adopt,
            @Option(names = "--single-host", description = SINGLE_HOST) boolean singleHost) {
        JsonObject body = new JsonObject();
        if (type != null || which == null) {
            addPlace(body, which, type, config);
            which = "";
        }
        boolean isDirectory =
                !which.isEmpty() && !Uuids.isUuid(which) && (which.contains("/") || Files.isDirectory(Path.of(which)));
        if (isDirectory) {
            body.addProperty("path", absolute(Path.of(which)));
            addSingleHost(body, singleHost);
        } else if (!which.isEmpty()) {
            body.addProperty("sr", which);
        }
        if (adopt) {
            body.addProperty("adopt", true);
        }
        JsonElement answer = session.agent().post("/v1/srs/attach", body);
        printId(answer);
        if (adopt && !session.json()) {
            tellWhatCollectionWouldDo(Json.read(answer, Sr.class).id().toString());
        }
    }

    /** Nothing is collected in an adopted SR before somebody agrees; who adopts it is told to what. */
    private void tellWhatCollectionWouldDo(String sr) {
        GcStatus status = Json.read(session.agent().get("/v1/srs/" + part(sr) + "/gc"), GcStatus.class);
        if (!status.settings().gc()) {
            session.out().print(GcStatusText.of(status, session.screen()));
            session.out().println("Nothing of this is done before you switch it on: catena gc set " + sr + " --gc on");
            session.out().flush();
        }
    }

    @Command(description = "Forget an SR that is not attached; its files stay.")
    void forget(@Parameters(paramLabel = "SR", description = ArgumentText.SR) String sr) {
        session.print(session.agent().post("/v1/srs/" + part(sr) + "/forget"), () -> "");
    }

    @Command(description = "Let several hosts reach an SR that is detached; one of them has it at a time.")
    void share(
            @Parameters(paramLabel = "DIR", description = ArgumentText.SR_DIRECTORY) Path path,
            @Option(
                            names = "--coordination",
                            defaultValue = "files",
                            paramLabel = "files|etcd:URL,...",
                            description = "How hosts agree on who has it. Default: files, which are in the SR itself.")
                    String coordination) {
        JsonObject body = new JsonObject();
        body.addProperty("path", absolute(path));
        body.addProperty("coordination", coordination);
        session.print(session.agent().post("/v1/srs/share", body), () -> "");
    }

    @Command(description = "Let go of an SR whose VDIs are all detached.")
    void detach(
            @Parameters(paramLabel = "SR", description = ArgumentText.SR) String sr,
            @Option(names = "--force", description = "Detach its VDIs, too, whoever uses them; print what was ended.")
                    boolean force,
            @Option(names = "--dry-run", description = Session.DRY_RUN) boolean dryRun) {
        JsonObject body = new JsonObject();
        body.addProperty("force", force);
        JsonElement answer = session.agent().post("/v1/srs/" + part(sr) + "/detach" + Session.dryRun(dryRun), body);
        session.print(answer, () -> dryRun ? PlanText.of(answer) : format(Json.read(answer, SrUse.class)));
    }

    private static String format(SrUse ended) {
        StringBuilder text = new StringBuilder();
        for (Hold hold : ended.holds()) {
            text.append("detached VDI ")
                    .append(hold.vdi())
                    .append(", which was ")
                    .append(Table.printable(hold.text()));
            text.append('\n');
        }
        for (Job job : ended.jobs()) {
            text.append("cancelled job ")
                    .append(job.id())
                    .append(" (")
                    .append(job.kind())
                    .append(")\n");
        }
        return text.toString();
    }

    @Command(description = "Delete an SR that has no VDIs any more.")
    void destroy(
            @Parameters(paramLabel = "SR", description = ArgumentText.SR) String sr,
            @Option(names = "--dry-run", description = Session.DRY_RUN) boolean dryRun) {
        session.printDone(session.agent().delete("/v1/srs/" + part(sr) + Session.dryRun(dryRun)), dryRun);
    }

    @Command(description = "List the SRs of this host.")
    void ls() {
        JsonElement answer = session.agent().get("/v1/srs");
        session.print(answer, () -> {
            List<Sr> srs = Json.list(answer, Sr.class);
            Table table = new Table("SR", "NAME", "STATE", "PATH", "PROBLEM");
            for (Sr sr : srs) {
                String problem = sr.problem() == null ? "" : sr.problem();
                table.row(sr.id(), sr.name(), sr.attached() ? "attached" : "detached", sr.path(), problem);
            }
            return table.on(session.screen());
        });
    }

    @Command(description = "Show how full an SR is, and how it does.")
    void stat(@Parameters(paramLabel = "SR", description = ArgumentText.SR) String sr) {
        JsonObject answer = session.agent().get("/v1/srs/" + part(sr)).getAsJsonObject();
        SrStat stat = Json.read(answer, SrStat.class);
        JsonObject space =
                session.agent().get("/v1/srs/" + part(sr) + "/space?samples=1").getAsJsonObject();
        space.remove("sr");
        space.remove("samples");
        answer.add("space", space);
        session.print(answer, () -> facts(stat).add("grows", growth(space)).toString());
    }

    /** Returns how fast the file system fills; null if that is not known yet. */
    private static @Nullable String growth(JsonObject space) {
        if (!space.has("bytesPerDay")) {
            return null;
        }
        String perDay = Size.format(space.get("bytesPerDay").getAsLong()) + " a day";
        return space.has("daysUntilFull") ? perDay + ", full in " + space.get("daysUntilFull") + " days" : perDay;
    }

    @Command(description = "Change an SR's name, description or limits.")
    void set(
            @Parameters(paramLabel = "SR", description = ArgumentText.SR) String sr,
            @Option(names = "--name", paramLabel = "NAME", description = ArgumentText.NEW_NAME) @Nullable String name,
            @Option(names = "--description", paramLabel = "TEXT", description = ArgumentText.NEW_DESCRIPTION) @Nullable
                    String description,
            @Option(names = "--chain-limit", paramLabel = "NODES", description = "What a chain may have.") @Nullable
                    Integer chainLimit,
            @Option(names = "--chain-warning", paramLabel = "NODES", description = "From where on to warn.") @Nullable
                    Integer chainWarning,
            @Option(
                            names = "--oversubscription",
                            paramLabel = "PERCENT",
                            description = "What disks may have together, of the file system's size; 0: no limit.")
                    @Nullable
                    Integer oversubscription,
            @Option(
                            names = "--min-free",
                            paramLabel = "SIZE",
                            converter = Size.Converter.class,
                            description = "What must be free for anything new.")
                    @Nullable
                    Size minFree,
            @Option(names = "--snapshots", paramLabel = "NUMBER", description = "What a disk may have; 0: no limit.")
                    @Nullable
                    Integer snapshots) {
        JsonObject body = new JsonObject();
        body.addProperty("name", name);
        body.addProperty("description", description);
        body.addProperty("chainLimit", chainLimit);
        body.addProperty("chainWarning", chainWarning);
        body.addProperty("oversubscriptionPercent", oversubscription);
        body.addProperty("minFreeBytes", minFree == null ? null : minFree.bytes());
        body.addProperty("snapshotsPerVdi", snapshots);
        body.asMap().values().removeIf(JsonElement::isJsonNull);
        printStat(session.agent().post("/v1/srs/" + part(sr) + "/set", body));
    }

    @Command(
            description = "Show who has how much, or limit what an owner has: whom disks name under the key \"owner\".",
            footer = "What is not given has no limit; with --owner alone the limit ends.")
    void quota(
            @Parameters(paramLabel = "SR", description = ArgumentText.SR) String sr,
            @Option(names = "--owner", paramLabel = "NAME", description = "Whose quota.") @Nullable String owner,
            @Option(
                            names = "--virtual",
                            paramLabel = "SIZE",
                            converter = Size.Converter.class,
                            description = "Sizes of disks, together.")
                    @Nullable
                    Size virtual,
            @Option(names = "--disks", paramLabel = "NUMBER", description = "How many disks at most.") @Nullable
                    Integer disks,
            @Option(names = "--snapshots", paramLabel = "NUMBER", description = "How many snapshots at most.") @Nullable
                    Integer snapshots) {
        String path = "/v1/srs/" + part(sr) + "/quotas";
        if (owner == null && (virtual != null || disks != null || snapshots != null)) {
            throw new SrException(SrError.BAD_REQUEST, "A quota is an owner's, and none is given")
                    .correction("Give one: --owner NAME");
        }
        JsonElement answer = session.agent().get(path);
        if (owner != null) {
            JsonObject quota = new JsonObject();
            quota.addProperty("virtualBytes", virtual == null ? null : virtual.bytes());
            quota.addProperty("vdis", disks);
            quota.addProperty("snapshots", snapshots);
            quota.asMap().values().removeIf(JsonElement::isJsonNull);
            answer = session.agent().put(path + "/" + part(owner), quota);
        }
        SrQuotas quotas = Json.read(answer, SrQuotas.class);
        session.print(answer, () -> QuotaText.of(quotas, session.screen()));
    }

    @Command(description = "Look at a directory, and change nothing in it.")
    void probe(
            @Parameters(paramLabel = "DIR", arity = "0..1", description = ArgumentText.SR_DIRECTORY) @Nullable
                    Path path,
            @Option(names = "--type", paramLabel = "nfs|ext|xfs", description = TYPE) @Nullable String type,
            @Option(names = "--config", paramLabel = "KEY=VALUE", description = CONFIG) @Nullable
                    Map<String, String> config) {
        JsonObject body = new JsonObject();
        addPlace(body, path == null ? null : absolute(path), type, config);
        JsonElement answer = session.agent().post("/v1/srs/probe", body);
        session.print(
                answer,
                () -> type == null
                        ? format(Json.read(answer, SrProbe.class))
                        : format(Json.read(answer, LocationProbe.class)));
    }

    private static String format(LocationProbe probe) {
        if (!probe.exports().isEmpty()) {
            return String.join("\n", probe.exports()) + "\n";
        }
        return probe.found().isEmpty()
                ? "no SR\n"
                : probe.found().stream().map(SrCommands::format).collect(Collectors.joining("\n"));
    }

    private static String format(SrProbe probe) {
        Facts facts = new Facts()
                .add("path", probe.path())
                .add("kind", probe.kind().name().toLowerCase(Locale.ROOT))
                .add("sr", probe.sr())
                .add("name", probe.name())
                .add("nodes", probe.nodes())
                .add("in use", probe.inUse())
                .add("needs recovery", probe.needsRecovery());
        for (SrProbe.ForeignWork work : probe.foreignWork()) {
            facts.add("unfinished work", work.found());
            facts.add(work.refused() ? "what to do" : "attach does", CommandWords.of(work.action()));
        }
        return facts.toString();
    }

    @Command(description = "Compare the records, files and journals of an SR; exits with 1 if something is wrong.")
    int check(
            @Parameters(paramLabel = "SR", description = ArgumentText.SR) String sr,
            @Option(names = "--repair", description = "Repair what can be repaired without a loss.") boolean repair,
            @Option(
                            names = "--keep",
                            paramLabel = "FILE",
                            description =
                                    "With --repair: this file is the disk, whatever others claim, or was there before.")
                    @Nullable
                    List<String> keep,
            @Option(
                            names = "--accept-loss",
                            description =
                                    "With --repair: go on with files whose redo logs are lost, see the SR's health.")
                    boolean acceptLoss) {
        JsonObject body = new JsonObject();
        body.addProperty("repair", repair);
        body.addProperty("acceptLoss", acceptLoss);
        if (keep != null) {
            JsonArray files = new JsonArray();
            keep.forEach(files::add);
            body.add("keep", files);
        }
        JsonElement answer = session.agent().post("/v1/srs/" + part(sr) + "/check", body);
        SrCheck check = Json.read(answer, SrCheck.class);
        session.print(answer, () -> format(check));
        return check.sound() ? 0 : 1;
    }

    private static String format(SrCheck check) {
        if (check.findings().isEmpty()) {
            return "nothing found";
        }
        StringBuilder text = new StringBuilder();
        for (SrCheck.Finding finding : check.findings()) {
            String kind = finding.kind().name().toLowerCase(Locale.ROOT).replace('_', ' ');
            String state = finding.repaired() ? "repaired" : finding.repairable() ? "repairable" : "to be seen to";
            text.append(kind)
                    .append(": ")
                    .append(Table.printable(finding.file()))
                    .append(": ")
                    .append(Table.printable(finding.problem()))
                    .append("\n    ")
                    .append(state)
                    .append(": ")
                    .append(Table.printable(CommandWords.of(finding.correction())))
                    .append('\n');
        }
        return text.toString();
    }

    @Command(description = "Look at all files of an SR again.")
    void scan(@Parameters(paramLabel = "SR", description = ArgumentText.SR) String sr) {
        printStat(session.agent().post("/v1/srs/" + part(sr) + "/scan"));
    }

    private void printId(JsonElement answer) {
        session.print(answer, () -> Json.read(answer, Sr.class).id().toString());
    }

    private void printStat(JsonElement answer) {
        session.print(answer, () -> format(Json.read(answer, SrStat.class)));
    }

    private static String format(SrStat stat) {
        return facts(stat).toString();
    }

    private static Facts facts(SrStat stat) {
        Facts facts = new Facts()
                .add("sr", stat.sr().id())
                .add("name", stat.sr().name())
                .add("description", stat.description())
                .add("path", stat.sr().path())
                .add("capacity", Size.format(stat.capacityBytes()))
                .add("free", Size.format(stat.freeBytes()))
                .add("physical", Size.format(stat.physicalBytes()))
                .add("virtual", Size.format(stat.virtualBytes()))
                .add("vdis", stat.vdis())
                .add("nodes", stat.nodes())
                .add("longest chain", stat.maxChainDepth() + " of at most " + stat.chainLimit());
        facts.add("health", stat.health().state().name().toLowerCase(Locale.ROOT));
        for (SrHealth.Reason reason : stat.health().reasons()) {
            facts.add("problem", reason.what()).add("what to do", CommandWords.of(reason.cure()));
        }
        return facts;
    }

    private static String absolute(Path path) {
        return path.toAbsolutePath().normalize().toString();
    }
}
