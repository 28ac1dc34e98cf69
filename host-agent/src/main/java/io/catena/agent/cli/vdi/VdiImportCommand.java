package io.catena.agent.cli.vdi;

import static io.catena.agent.control.client.ControlClient.part;

import io.catena.agent.cli.session.ContentInput;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.ArgumentText;
import io.catena.agent.cli.text.Size;
import io.catena.agent.control.client.RepeatedUpload;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code catena vdi import}. */
@Command(
        name = "import",
        description = "Make a disk of a file or of what comes through a pipe: raw sectors, a VHD, or a qcow2 image.",
        footer =
                "A differencing VHD needs the disk that holds the rest: the snapshot that was the base of the export, or what"
                        + " the stream before it was imported to.%nIf the agent is started again meanwhile, a file goes on where it was;"
                        + " what comes through a pipe breaks off, and leaves nothing. Through a pipe: ssh HOST cat disk.vhd | catena vdi import SR --format vhd")
final class VdiImportCommand implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "SR", description = ArgumentText.SR)
    private String sr = "";

    @Option(names = "--format", paramLabel = "raw|vhd|qcow2", required = true, description = "What comes.")
    private String format = "";

    @Option(names = "--input", paramLabel = "FILE", description = "Default: stdin.")
    private @Nullable Path input;

    @Option(names = "--name", paramLabel = "NAME", description = "What it is to be called. Default: nothing.")
    private @Nullable String name;

    @Option(names = "--uuid", paramLabel = "UUID", description = "Default: a new one.")
    private @Nullable String uuid;

    @Option(
            names = "--size",
            paramLabel = "BYTES",
            description = "How many bytes come through a pipe; raw disks and fixed VHDs need it.")
    private @Nullable Long size;

    @Option(
            names = "--base",
            paramLabel = "SNAPSHOT",
            description = "What a differencing VHD builds on; default: the disk that holds what it asks for.")
    private @Nullable String base;

    @Option(names = "--force", description = "Take the base though it is not known to be the right one.")
    private boolean force;

    @Option(
            names = "--rate",
            paramLabel = "SIZE",
            converter = Size.Converter.class,
            description = "Move no more in a second. Default: no limit.")
    private @Nullable Size rate;

    VdiImportCommand(Session session) {
        this.session = session;
    }

    @Override
    public void run() {
        String id = uuid == null ? UUID.randomUUID().toString() : uuid;
        String query = "?format=" + part(format) + VdiPath.parameter("name", name)
                + (size == null ? "" : "&sizeBytes=" + size)
                + VdiPath.parameter("base", base) + (force ? "&force=true" : "");
        RepeatedUpload.Disk disk = new RepeatedUpload.Disk(sr, id, uuid == null, query);
        VdiText.printId(session, new ContentInput(session, rate).send(disk, input));
    }
}
