package io.catena.agent.cli;

import com.google.gson.JsonObject;
import io.catena.agent.cli.session.Session;
import io.catena.agent.doctor.Doctor;
import io.catena.agent.json.Json;
import io.catena.agent.support.SupportBundle;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code catena support-bundle}: all that somebody who is to help has to see. */
@Command(
        name = "support-bundle",
        description =
                "Write an archive for who is to help: log, configuration, state, headers of VHDs; no content of disks,"
                        + " no secrets.")
final class SupportBundleCommand implements Callable<Integer> {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);

    private static final List<String> LOG = List.of(
            "journalctl",
            "--quiet",
            "--no-pager",
            "--lines=50000",
            "--output=short-iso-precise",
            "--unit=catena-agent");

    private final Session session;
    private final Clock clock = Clock.systemUTC();

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description = "Must not exist. Default: catena-support-TIME.tar.gz in the working directory.")
    private @Nullable Path output;

    @Option(names = "--log", paramLabel = "FILE", description = "The agent's log, if it does not go to the journal.")
    private @Nullable Path log;

    @Option(
            names = "--state-file",
            paramLabel = "FILE",
            description =
                    "The agent's --state-file. Default: /var/lib/catena/state.json, and what is in the run directory.")
    private Path stateFile = Path.of("/var/lib/catena/state.json");

    SupportBundleCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        Path file = output == null ? Path.of("catena-support-" + TIME.format(clock.instant()) + ".tar.gz") : output;
        try (OutputStream out = create(file);
                SupportBundle bundle = new SupportBundle(out, clock)) {
            fill(bundle);
        }
        JsonObject answer = new JsonObject();
        answer.addProperty("file", file.toAbsolutePath().toString());
        session.print(answer, file::toString);
        return 0;
    }

    /** Only its owner reads it: names and addresses are nobody else's concern. */
    private static OutputStream create(Path file) throws IOException {
        return Channels.newOutputStream(Files.newByteChannel(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))));
    }

    private void fill(SupportBundle bundle) throws IOException {
        Path run = session.runDirectory();
        bundle.add("version.json", () -> Json.write(VersionCommand.facts()) + "\n");
        bundle.add(
                "doctor.json", () -> Json.write(new Doctor(Path.of("/"), run, session.environment()).examine()) + "\n");
        bundle.addFile("agent.conf", AgentConfiguration.SYSTEM_FILE);
        for (String name : List.of("state.json", "mounts.json", "single-host", "agent.lock")) {
            bundle.addFile("run/" + name, run.resolve(name));
        }
        bundle.addFile("state/state.json", stateFile);
        bundle.addFile("state/mounts.json", stateFile.resolveSibling("state-mounts.json"));
        bundle.addKernel();
        bundle.addAgent(session.agent());
        Path ownLog = log;
        bundle.add("log.txt", () -> ownLog == null ? journal() : SupportBundle.end(ownLog));
    }

    private static String journal() throws IOException {
        Process process = new ProcessBuilder(LOG).redirectErrorStream(true).start();
        process.getOutputStream().close();
        try (InputStream in = process.getInputStream()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
