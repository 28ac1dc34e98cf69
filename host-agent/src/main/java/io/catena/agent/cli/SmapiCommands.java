package io.catena.agent.cli;

import com.google.gson.JsonObject;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.Facts;
import io.catena.agent.smapi.Installation;
import io.catena.agent.smapi.Offer;
import io.catena.agent.smapiv1.DriverInstallation;
import io.catena.agent.smapiv1.DriverOptions;
import io.catena.api.ExportKind;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code catena smapi}: the plugins and the driver for XenServer and XCP-ng. */
@Command(
        name = "smapi",
        description = "The SMAPIv3 plugins and the SMAPIv1 driver for XenServer and XCP-ng.",
        synopsisSubcommandLabel = "COMMAND")
final class SmapiCommands {
    private static final String NONE = "none";

    private final Session session;

    SmapiCommands(Session session) {
        this.session = session;
    }

    /** What concerns the SMAPIv1 driver alone. */
    static final class DriverPaths {
        @Option(
                names = "--xapi-socket",
                paramLabel = "PATH",
                description = "With --v1: where XAPI listens. Default: ${DEFAULT-VALUE}.")
        private Path xapi = DriverOptions.DEFAULT.xapi();

        @Option(
                names = "--tap-ctl",
                paramLabel = "PROGRAM",
                description = "With --v1: what starts tapdisks; \"none\" on a host without Xen. Default:"
                        + " ${DEFAULT-VALUE}.")
        private String tapCtl = DriverOptions.DEFAULT.tapCtl();

        @Option(
                names = "--nbd-links",
                paramLabel = "DIR",
                description = "With --v1: where tapback looks for a disk's tapdisk. Default: ${DEFAULT-VALUE}.")
        private Path links = DriverOptions.DEFAULT.links();

        DriverOptions options() {
            return new DriverOptions(xapi.toAbsolutePath(), tapCtl.equals(NONE) ? "" : tapCtl, links.toAbsolutePath());
        }
    }

    @Command(description = "Lay out the plugins' executables, or replace those that are there.")
    void install(
            @Option(
                            names = "--v1",
                            description = "The SMAPIv1 driver CatenaSR, which every XenServer and XCP-ng can call,"
                                    + " instead of the SMAPIv3 plugins.")
                    boolean v1,
            @Option(
                            names = "--root",
                            paramLabel = "DIR",
                            description = "The directory that xapi-storage-script watches: on XCP-ng"
                                    + " /usr/libexec/xapi-storage-script. With --v1 where XAPI looks for drivers,"
                                    + " by default /opt/xensource/sm.")
                    @Nullable
                    Path root,
            @Option(
                            names = "--as",
                            paramLabel = "nbd|block",
                            defaultValue = "nbd",
                            description = "What a disk is while it is active: an NBD export alone, or a block device"
                                    + " of the host as well. Default: nbd.")
                    ExportKind way,
            @Option(
                            names = "--xen-backend",
                            paramLabel = "KIND",
                            description = "The kind of disk that a guest of Xen gets; \"none\" on a host without Xen."
                                    + " Default: qdisk, of block devices vbd.")
                    @Nullable
                    String xenBackend,
            @Mixin DriverPaths paths) {
        if (v1) {
            installDriver(root == null ? DriverInstallation.ROOT : root, paths.options());
        } else {
            boolean block = way == ExportKind.BLOCK;
            installPlugins(given(root), way, Objects.requireNonNullElse(xenBackend, block ? "vbd" : "qdisk"));
        }
    }

    private static Path given(@Nullable Path root) {
        if (root == null) {
            throw new SrException(SrError.BAD_REQUEST, "--root is missing")
                    .correction("Give the directory that xapi-storage-script watches, or --v1.");
        }
        return root;
    }

    private void installPlugins(Path root, ExportKind way, String backend) {
        Path runDirectory = session.runDirectory();
        JsonObject answer = new JsonObject();
        Facts facts = new Facts();
        try {
            Offer offer = new Offer(backend.equals(NONE) ? "" : backend, way);
            new Installation(root).install(runDirectory, offer);
        } catch (IOException e) {
            throw failure(root, "installed", e);
        }
        for (Installation.Plugin plugin : Installation.plugins()) {
            String directory = root.toAbsolutePath()
                    .normalize()
                    .resolve(plugin.directory())
                    .toString();
            answer.addProperty(plugin.kind(), directory);
            facts.add(plugin.kind(), directory + ", " + plugin.methods().size() + " methods");
        }
        answer.addProperty("runDirectory", runDirectory.toString());
        answer.addProperty("as", way.symbol());
        answer.addProperty("xenBackend", backend);
        facts.add("disks", way.symbol() + ", for guests of Xen: " + backend);
        session.print(answer, facts.add("agent", runDirectory)::toString);
    }

    private void installDriver(Path root, DriverOptions options) {
        Path runDirectory = session.runDirectory();
        JsonObject answer = new JsonObject();
        Facts facts = new Facts();
        try {
            for (Path file : new DriverInstallation(root).install(runDirectory, options)) {
                answer.addProperty(String.valueOf(file.getFileName()), file.toString());
                facts.add("driver", file);
            }
        } catch (IOException e) {
            throw failure(root, "installed", e);
        }
        String types = String.join(" ", DriverInstallation.types());
        answer.addProperty("runDirectory", runDirectory.toString());
        answer.addProperty("smPlugins", types);
        facts.add("agent", runDirectory);
        facts.add("next", "append to the line sm-plugins= of /etc/xapi.conf: " + types);
        session.print(answer, facts.add("then", "xe-toolstack-restart")::toString);
    }

    @Command(description = "Remove what install made.")
    void uninstall(
            @Option(names = "--v1", description = "The SMAPIv1 driver.") boolean v1,
            @Option(names = "--root", paramLabel = "DIR", description = "As given to install.") @Nullable Path root) {
        Path from = v1 ? Objects.requireNonNullElse(root, DriverInstallation.ROOT) : given(root);
        List<Path> kept;
        try {
            kept = v1 ? new DriverInstallation(from).uninstall() : new Installation(from).uninstall();
        } catch (IOException e) {
            throw failure(from, "removed", e);
        }
        JsonObject answer = new JsonObject();
        Facts facts = new Facts();
        for (Path path : kept) {
            answer.addProperty("kept", path.toString());
            facts.add("kept", path + (v1 ? ", which Catena did not make" : ", which holds other files"));
        }
        session.print(answer, facts::toString);
    }

    private static SrException failure(Path root, String what, IOException cause) {
        return new SrException(SrError.IO_ERROR, "The plugins cannot be " + what + " in " + root + ": " + cause, cause)
                .correction("Check the directory, and that you may write there.");
    }
}
