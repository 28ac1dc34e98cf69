package io.catena.agent.cli.vhd;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.catena.agent.cli.text.ArgumentText;
import io.catena.agent.cli.text.Size;
import io.catena.agent.cli.text.TreeView;
import io.catena.agent.json.Json;
import io.catena.tool.HostFile;
import io.catena.tool.NewDiskType;
import io.catena.tool.NewVhd;
import io.catena.tool.OpenChain;
import io.catena.tool.ScannedVhd;
import io.catena.tool.VhdCoalesce;
import io.catena.tool.VhdConvert;
import io.catena.tool.VhdDigest;
import io.catena.tool.VhdInfo;
import io.catena.tool.VhdMap;
import io.catena.tool.VhdRead;
import io.catena.tool.VhdReparent;
import io.catena.tool.VhdResize;
import io.catena.tool.VhdScan;
import io.catena.tool.VhdSet;
import io.catena.tool.VhdWrite;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code catena vhd}: looks at VHD files and makes and changes them, one at a time, without an agent. */
@Command(name = "vhd", description = "Single VHD files, without an agent.", synopsisSubcommandLabel = "COMMAND")
public final class VhdCommand {
    private final InputStream in;
    private final OutputStream out;

    /** Whether JSON is wanted; null if that is for an option of this command to say. */
    private final @Nullable BooleanSupplier outerJson;

    private final AllowedParents parents = new AllowedParents();
    private final VhdReport report = new VhdReport(() -> spec().commandLine(), this::json);

    private @Nullable CommandSpec spec;
    private boolean ownJson;

    /** A command that stands alone, with an option {@code --json} of its own. */
    public VhdCommand() {
        this(stdin(), stdout(), null);
    }

    /** A command below another, which has the option {@code --json}. */
    public VhdCommand(BooleanSupplier json) {
        this(stdin(), stdout(), json);
    }

    /**
     * @param in what {@code write} writes
     * @param out where {@code read} puts the disk's bytes; text goes to the command line's own streams
     */
    public VhdCommand(InputStream in, OutputStream out, @Nullable BooleanSupplier outerJson) {
        this.in = in;
        this.out = out;
        this.outerJson = outerJson;
    }

    /** The constants are what the user writes. */
    enum Type {
        dynamic,
        fixed
    }

    @Spec
    void spec(CommandSpec newSpec) {
        spec = newSpec;
        if (outerJson == null) {
            newSpec.addOption(OptionSpec.builder("--json")
                    .type(boolean.class)
                    .arity("0")
                    .scopeType(ScopeType.INHERIT)
                    .description("Print one JSON document.")
                    .setter(this::setOwnJson)
                    .build());
        }
        parents.addTo(newSpec);
        addBelow(newSpec, new VhdCheckCommand(this::json, parents));
        addBelow(newSpec, new VhdRepairCommand(this::json, parents));
    }

    /** The option {@code --json} above serves a command below too, which has one for when it stands alone. */
    private static void addBelow(CommandSpec parent, Object command) {
        CommandLine below = new CommandLine(command);
        below.getCommandSpec().remove(below.getCommandSpec().findOption("--json"));
        parent.addSubcommand(below.getCommandName(), below);
    }

    private <T> T setOwnJson(T wanted) {
        ownJson = Boolean.TRUE.equals(wanted);
        return wanted;
    }

    private boolean json() {
        return outerJson == null ? ownJson : outerJson.getAsBoolean();
    }

    private static InputStream stdin() {
        return new FileInputStream(FileDescriptor.in);
    }

    private static OutputStream stdout() {
        return new FileOutputStream(FileDescriptor.out);
    }

    @Command(description = "Show what files say of themselves.")
    int info(@Parameters(paramLabel = "FILE", arity = "1..*", description = ArgumentText.VHD) List<Path> files) {
        JsonArray answers = new JsonArray();
        return report.answer(answers, report.forEach(files, "read", path -> {
            HostFile file = parents.file(path);
            VhdInfo info = VhdInfo.of(file.storage(), file.name());
            answers.add(Json.read(Json.write(info), JsonObject.class));
            report.print(InfoText.of(info));
        }));
    }

    @Command(description = "Print the SHA-256 of what a guest sees in disks.")
    int digest(@Parameters(paramLabel = "FILE", arity = "1..*", description = ArgumentText.VHD) List<Path> files) {
        JsonArray answers = new JsonArray();
        return report.answer(answers, report.forEach(files, "read", path -> {
            HostFile file = parents.file(path);
            String digest = VhdDigest.sha256(file.storage(), file.name());
            JsonObject answer = new JsonObject();
            answer.addProperty("file", path.toString());
            answer.addProperty("sha256", digest);
            answers.add(answer);
            report.print(digest + "  " + path + "\n");
        }));
    }

    @Command(description = "Print a disk's content, as a guest sees it.")
    int read(
            @Parameters(paramLabel = "FILE", description = ArgumentText.VHD) Path path,
            @Option(
                            names = "--offset",
                            paramLabel = "B",
                            converter = Size.Converter.class,
                            defaultValue = "0",
                            description = "The first byte. Default: 0.")
                    Size offset,
            @Option(
                            names = "--length",
                            paramLabel = "B",
                            converter = Size.Converter.class,
                            description = "Default: up to the disk's end.")
                    @Nullable
                    Size length) {
        return report.run("read " + path, () -> {
            HostFile file = parents.file(path);
            try (OpenChain chain = OpenChain.readOnly(file.storage(), file.name())) {
                long rest = Math.max(0, chain.sizeBytes() - offset.bytes());
                VhdRead.copy(chain, offset.bytes(), length == null ? rest : length.bytes(), out);
                out.flush();
            }
        });
    }

    @Command(description = "Write standard input into a disk that no guest uses.")
    int write(
            @Parameters(paramLabel = "FILE", description = ArgumentText.VHD) Path path,
            @Option(
                            names = "--offset",
                            paramLabel = "B",
                            converter = Size.Converter.class,
                            required = true,
                            description = "Where the first byte goes.")
                    Size offset,
            @Option(
                            names = "--whole-pages",
                            description =
                                    "Copy pages of 4 KiB that are written in part up from the parent, for programs"
                                            + " that tell no single sectors apart (libvhdi).")
                    boolean wholePages) {
        return report.run("write " + path, () -> {
            HostFile file = parents.file(path);
            JsonObject answer = new JsonObject();
            answer.addProperty("bytes", VhdWrite.copy(in, file.storage(), file.name(), offset.bytes(), wholePages));
            report.json(answer);
        });
    }

    @Command(description = "Make an empty disk; its size is rounded up to 2 MiB.")
    int create(
            @Parameters(paramLabel = "FILE", description = ArgumentText.NEW_FILE) Path path,
            @Option(
                            names = "--size",
                            paramLabel = "SIZE",
                            converter = Size.Converter.class,
                            required = true,
                            description = "512M, 10G, or bytes.")
                    Size size,
            @Option(
                            names = "--type",
                            paramLabel = "dynamic|fixed",
                            defaultValue = "dynamic",
                            description = "Default: dynamic.")
                    Type type,
            @Option(
                            names = "--reserve",
                            paramLabel = "SIZE",
                            converter = Size.Converter.class,
                            description = "The size to which a dynamic disk can grow at once.")
                    @Nullable
                    Size reserve) {
        return report.run("create " + path, () -> {
            HostFile file = parents.file(path);
            if (reserve != null && typeOf(type) == NewDiskType.FIXED) {
                throw new IOException("a fixed disk has no tables to reserve room in");
            }
            report.made(
                    path,
                    reserve == null
                            ? newVhd().create(file.storage(), file.name(), size.bytes(), typeOf(type))
                            : newVhd().create(file.storage(), file.name(), size.bytes(), reserve.bytes()));
        });
    }

    @Command(description = "Change a disk's size, rounded up to its blocks; or complete a change that was interrupted.")
    int resize(
            @Parameters(paramLabel = "FILE", description = ArgumentText.VHD) Path path,
            @Parameters(
                            paramLabel = "SIZE",
                            arity = "0..1",
                            converter = Size.Converter.class,
                            description = "512M, 10G, or bytes. Without it a change that was interrupted is completed.")
                    @Nullable
                    Size size,
            @Option(names = "--force", description = "Also if data is cut off, or a larger parent's comes to light.")
                    boolean force) {
        return report.run("resize " + path, () -> {
            HostFile file = parents.file(path);
            VhdResize resize = new VhdResize(file.storage(), file.name());
            if (size == null) {
                boolean pending = resize.complete();
                report.print(pending ? "completed\n" : "nothing was interrupted\n");
                report.made(path, VhdInfo.of(file.storage(), file.name()).virtualSizeBytes());
            } else {
                report.made(path, resize.resize(size.bytes(), force));
            }
        });
    }

    @Command(description = "Copy what a disk holds into its parent. The disk stays.")
    int coalesce(
            @Parameters(paramLabel = "CHILD", description = ArgumentText.VHD) Path path,
            @Option(names = "--delete", description = "Delete the disk afterwards.") boolean delete) {
        return report.run("coalesce " + path, () -> {
            OfflineJob job = job("coalesce", report.text());
            VhdCoalesce.Result result = new VhdCoalesce(job).coalesce(parents.sharingFile(path), delete);
            job.end("merged into " + result.parent());
            JsonObject answer = new JsonObject();
            answer.addProperty("file", path.toString());
            answer.addProperty("parent", result.parent().toString());
            answer.addProperty("bytes", result.bytes());
            report.json(answer);
        });
    }

    @Command(description = "Link a differencing disk to another parent, whose content must be right.")
    int reparent(
            @Parameters(paramLabel = "FILE", description = ArgumentText.VHD) Path path,
            @Option(
                            names = "--parent",
                            paramLabel = "FILE",
                            required = true,
                            description = "The file of the new parent.")
                    Path parent,
            @Option(names = "--raw", description = "The parent is a file without headers.") boolean raw) {
        return report.run("reparent " + path, () -> {
            HostFile file = parents.file(path).with(parent);
            boolean noHeaders = raw || parent.toString().endsWith(".raw");
            new VhdReparent(file.storage(), file.name()).to(file.nameOf(parent), noHeaders);
            JsonObject answer = new JsonObject();
            answer.addProperty("file", path.toString());
            answer.addProperty("parent", parent.toString());
            report.json(answer);
        });
    }

    @Command(description = "Set what toolstacks note down in a disk.")
    int set(
            @Parameters(paramLabel = "FILE", description = ArgumentText.VHD) Path path,
            @Option(
                            names = "--hidden",
                            paramLabel = "on|off",
                            description = "Whether toolstacks take it for a base copy, which is no disk of its own.")
                    @Nullable
                    Switch hidden,
            @Option(names = "--marker", paramLabel = "N", description = "0 to 255, in the batmap.") @Nullable
                    Integer marker) {
        return report.run("change " + path, () -> {
            if (hidden == null && marker == null) {
                throw new IOException("nothing to set; say --hidden or --marker");
            }
            HostFile file = parents.file(path);
            if (marker != null) {
                VhdSet.marker(file.storage(), file.name(), marker);
            }
            if (hidden != null) {
                VhdSet.hidden(file.storage(), file.name(), hidden == Switch.ON);
            }
            JsonObject answer = new JsonObject();
            answer.addProperty("file", path.toString());
            report.json(answer);
        });
    }

    /** A flag of a disk. */
    private enum Switch {
        ON,
        OFF
    }

    @Command(description = "Show many disks, and how they build on each other, by their headers alone.")
    int scan(
            @Parameters(paramLabel = "DIR|FILE", arity = "1..*", description = "Directories, or files of disks.")
                    List<Path> paths) {
        List<ScannedVhd> files = new ArrayList<>();
        VhdFailure failure = report.attempt("scan", () -> files.addAll(VhdScan.of(paths)));
        report.print(new TreeView(true).draw(ScanTree.of(files)));
        long bad = files.stream().filter(file -> file.problem() != null).count();
        if (failure == null && bad > 0) {
            failure = report.attempt("scan", () -> {
                throw new IOException(bad + " of " + files.size() + " files have a problem");
            });
        }
        JsonArray answers = new JsonArray();
        files.forEach(file -> answers.add(ScanTree.json(file)));
        return report.answer(answers, failure);
    }

    @Command(description = "Write a disk, flattened, to a new file, or raw to standard output.")
    int convert(
            @Parameters(paramLabel = "SRC", description = ArgumentText.VHD) Path path,
            @Parameters(
                            paramLabel = "DST|-",
                            description = "The file to be made, or - for standard output, which takes raw only.")
                    Path target,
            @Option(names = "--to", paramLabel = "raw|fixed|dynamic", required = true, description = "What is written.")
                    VhdConvert.Format format) {
        return report.run("convert " + path, () -> {
            HostFile file = parents.sharingFile(path);
            boolean stream = target.toString().equals("-");
            OfflineJob job = job("convert", stream ? report.err() : report.text());
            VhdConvert convert = new VhdConvert(Clock.systemUTC(), UUID::randomUUID, job);
            try (OpenChain chain = OpenChain.source(file.storage(), file.name())) {
                if (stream) {
                    if (format != VhdConvert.Format.RAW) {
                        throw new IOException("only raw can be streamed, a VHD is not written in order");
                    }
                    convert.stream(chain, out);
                    out.flush();
                    return;
                }
                HostFile made = parents.sharingFile(target);
                long size = convert.convert(chain, made.storage(), made.name(), format);
                job.end("wrote " + target);
                report.made(target, size);
            }
        });
    }

    /** Shows its progress on {@code where}, unless that is for JSON. */
    private OfflineJob job(String kind, PrintWriter where) {
        PrintWriter shown = json() && where == report.text() ? new PrintWriter(Writer.nullWriter()) : where;
        return new OfflineJob(kind, shown, Boolean.getBoolean("catena.terminal"), Clock.systemUTC());
    }

    @Command(description = "Make a disk that begins with the content of another.")
    int snapshot(
            @Parameters(paramLabel = "CHILD", description = ArgumentText.NEW_FILE) Path path,
            @Option(
                            names = "--parent",
                            paramLabel = "FILE",
                            required = true,
                            description = "The file that it builds on.")
                    Path parent,
            @Option(
                            names = "--reserve",
                            paramLabel = "SIZE",
                            converter = Size.Converter.class,
                            defaultValue = "0",
                            description = "The size to which the disk can grow at once.")
                    Size reserve) {
        return report.run("create " + path, () -> {
            HostFile file = parents.file(path).with(parent);
            report.made(path, newVhd().snapshot(file.storage(), file.name(), file.nameOf(parent), reserve.bytes()));
        });
    }

    @Command(description = "Show which file of a chain holds which part of a disk.")
    public int map(
            @Parameters(paramLabel = "FILE", description = ArgumentText.VHD) Path path,
            @Option(names = "--zeros", description = "Read the data, and tell zeros apart.") boolean zeros) {
        return report.run("read " + path, () -> {
            HostFile file = parents.file(path);
            JsonArray extents = new JsonArray();
            try (OpenChain chain = OpenChain.readOnly(file.storage(), file.name())) {
                VhdMap.of(chain, zeros, extent -> tell(extent, extents));
            }
            report.json(extents);
        });
    }

    private void tell(VhdMap.Extent extent, JsonArray extents) {
        if (json()) {
            extents.add(Json.read(Json.write(extent), JsonObject.class));
            return;
        }
        report.print(String.format(
                Locale.ROOT,
                "%14d %14d  %-4s  %s%n",
                extent.offset(),
                extent.length(),
                extent.kind().name().toLowerCase(Locale.ROOT),
                extent.file() == null ? "-" : extent.file()));
    }

    private static NewDiskType typeOf(Type type) {
        return switch (type) {
            case dynamic -> NewDiskType.DYNAMIC;
            case fixed -> NewDiskType.FIXED;
        };
    }

    private static NewVhd newVhd() {
        return new NewVhd(Clock.systemUTC(), UUID::randomUUID);
    }

    private CommandSpec spec() {
        if (spec == null) {
            throw new IllegalStateException("picocli sets the spec before it runs a command");
        }
        return spec;
    }
}
