package io.catena.agent.cli.vdi;

import static io.catena.agent.control.client.ControlClient.part;

import io.catena.agent.cli.session.ContentOutput;
import io.catena.agent.cli.session.Session;
import io.catena.agent.cli.text.ArgumentText;
import io.catena.agent.cli.text.Size;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code catena vdi export}. */
@Command(
        name = "export",
        description = "Write the content of a snapshot, or of a disk that nobody writes, to a file or a pipe.",
        footer = "With --from, a stream that broke off goes on: catena vdi export S --from 4096 >> FILE")
final class VdiExportCommand implements Runnable {
    private final Session session;

    @Parameters(paramLabel = "VDI", description = ArgumentText.VDI)
    private String vdi = "";

    @Option(
            names = "--format",
            paramLabel = "raw|vhd|qcow2",
            defaultValue = "raw",
            description = "What is written. Default: raw.")
    private String format = "raw";

    @Option(
            names = "--base",
            paramLabel = "SNAPSHOT",
            description = "Of format vhd or qcow2: only what changed since this one.")
    private @Nullable String base;

    @Option(
            names = "--from",
            paramLabel = "BYTE",
            defaultValue = "0",
            description = "The first byte of the stream that is wanted. Default: 0.")
    private long from;

    @Option(names = "--output", paramLabel = "FILE", description = "A file to be made; default: stdout.")
    private @Nullable Path output;

    @Option(
            names = "--rate",
            paramLabel = "SIZE",
            converter = Size.Converter.class,
            description = "Move no more in a second. Default: no limit.")
    private @Nullable Size rate;

    VdiExportCommand(Session session) {
        this.session = session;
    }

    @Override
    public void run() {
        String query = "?format=" + part(format) + "&from=" + from + VdiPath.parameter("base", base);
        new ContentOutput(session, rate).write(VdiPath.of(vdi, "/content") + query, output);
    }
}
