package io.catena.agent.cli;

import com.google.gson.JsonObject;
import io.catena.agent.cli.text.Facts;
import io.catena.agent.smapi.Installation;
import io.catena.agent.smapi.Offer;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code catena smapi}: the plugins for XenServer and XCP-ng. */
@Command(
        name = "smapi",
        description = "The SMAPIv3 plugins for XenServer and XCP-ng.",
        synopsisSubcommandLabel = "COMMAND")
final class SmapiCommands {
    private static final String NONE = "none";

    private final Session session;

    SmapiCommands(Session session) {
        this.session = session;
    }

    @Command(description = "Lay out the plugins' executables, or replace those that are there.")
    void install(
            @Option(
                            names = "--root",
                            required = true,
                            paramLabel = "DIR",
                            description = "The directory that xapi-storage-script watches: on XCP-ng"
                                    + " /usr/libexec/xapi-storage-script.")
                    Path root,
            @Option(
                            names = "--as",
                            paramLabel = "nbd|block",
                            defaultValue = "nbd",
                            description = "What a disk is while it is active: an NBD export alone, or a block device"
                                    + " of the host as well. Default: nbd.")
                    VdiCommands.Way way,
            @Option(
                            names = "--xen-backend",
                            paramLabel = "KIND",
                            description = "The kind of disk that a guest of Xen gets; \"none\" on a host without Xen."
                                    + " Default: qdisk, of block devices vbd.")
                    @Nullable
                    String xenBackend) {
        boolean block = way == VdiCommands.Way.block;
        String backend = Objects.requireNonNullElse(xenBackend, block ? "vbd" : "qdisk");
        Path runDirectory = session.runDirectory();
        JsonObject answer = new JsonObject();
        Facts facts = new Facts();
        try {
            new Installation(root).install(runDirectory, new Offer(backend.equals(NONE) ? "" : backend, block));
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
        answer.addProperty("as", way.name());
        answer.addProperty("xenBackend", backend);
        facts.add("disks", way.name() + ", for guests of Xen: " + backend);
        session.print(answer, facts.add("agent", runDirectory)::toString);
    }

    @Command(description = "Remove what install made.")
    void uninstall(
            @Option(names = "--root", required = true, paramLabel = "DIR", description = "As given to install.")
                    Path root) {
        List<Path> kept;
        try {
            kept = new Installation(root).uninstall();
        } catch (IOException e) {
            throw failure(root, "removed", e);
        }
        JsonObject answer = new JsonObject();
        Facts facts = new Facts();
        for (Path directory : kept) {
            answer.addProperty("kept", directory.toString());
            facts.add("kept", directory + ", which holds other files");
        }
        session.print(answer, facts::toString);
    }

    private static SrException failure(Path root, String what, IOException cause) {
        return new SrException(SrError.IO_ERROR, "The plugins cannot be " + what + " in " + root + ": " + cause, cause)
                .correction("Check the directory, and that you may write there.");
    }
}
