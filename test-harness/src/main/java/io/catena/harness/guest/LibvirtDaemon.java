package io.catena.harness.guest;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.catena.harness.peer.BackgroundProgram;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;

/**
 * A libvirtd of the test's own, apart from the host's: configuration, state and sockets are in one directory; see {@code
 * libvirtd-apart.sh}. Its guests outlive it, as on a host, until {@link #close}. Each has a host's id of its own, so that guests can
 * move from one to another. Needs root.
 */
public final class LibvirtDaemon implements AutoCloseable {
    private static final Duration START_DEADLINE = Duration.ofMinutes(2);
    private static final Duration COMMAND_DEADLINE = Duration.ofSeconds(60);
    private static final Duration MIGRATION_DEADLINE = Duration.ofMinutes(5);
    private static final Duration END_DEADLINE = Duration.ofSeconds(30);

    private final Path directory;
    private final Path script;
    private BackgroundProgram daemon;

    private LibvirtDaemon(Path directory, Path script, BackgroundProgram daemon) {
        this.directory = directory;
        this.script = script;
        this.daemon = daemon;
    }

    /**
     * Starts one and waits until it answers.
     *
     * @param directory a short path, because the name of a socket in it has 107 bytes at most
     * @throws IOException if a program is missing, or it does not answer
     */
    public static LibvirtDaemon start(Path directory) throws IOException {
        for (String program : new String[] {"libvirtd", "virsh", "qemu-system-x86_64", "unshare"}) {
            Programs.require(program);
        }
        if (!System.getProperty("user.name", "").equals("root")) {
            throw new IOException("a libvirtd apart from the host's needs root; run the test as root");
        }
        Path script = Scripts.unpack("libvirtd-apart.sh", directory);
        Path etc = Files.createDirectories(directory.resolve("etc"));
        Files.writeString(etc.resolve("qemu.conf"), QemuConf.TEXT, UTF_8);
        Files.writeString(
                etc.resolve("libvirtd.conf"),
                "auth_unix_rw = \"none\"\nlisten_tls = 0\nlog_outputs = \"3:stderr\"\nhost_uuid = \""
                        + UUID.randomUUID() + "\"\n",
                UTF_8);
        LibvirtDaemon started = new LibvirtDaemon(directory, script, run(script, directory));
        started.awaitAnswer();
        return started;
    }

    /** Where it is reached. */
    public String uri() {
        return "qemu+unix:///system?socket=" + directory.resolve("run/libvirt-sock");
    }

    /** Runs one command of {@code virsh} against it and returns what it prints. */
    public String virsh(String... arguments) throws IOException {
        return Programs.run(COMMAND_DEADLINE, command(arguments)).stdout();
    }

    /**
     * Moves a guest that goes on meanwhile to another daemon, where it stands still until it is resumed. That its disks are
     * the same there is the caller's business.
     *
     * @param definition of the guest there
     */
    public void migrate(String guest, LibvirtDaemon target, Path definition) throws IOException {
        Path way = target.directory.resolve("migration");
        Programs.run(
                MIGRATION_DEADLINE,
                command(
                        "migrate",
                        "--live",
                        "--suspend",
                        "--unsafe",
                        guest,
                        "--desturi",
                        target.uri(),
                        "--migrateuri",
                        "unix:" + way,
                        "--xml",
                        definition.toString()));
    }

    /** Ends it as a crash would; its guests go on. Then starts it again. */
    public void crashAndRestart() throws IOException {
        daemon.kill9();
        daemon = run(script, directory);
        awaitAnswer();
    }

    /** Its log since its last start, for failure messages. */
    public String log() {
        return daemon.describe();
    }

    /** Ends the guests, then the daemon. */
    @Override
    public void close() throws IOException {
        for (String guest : Programs.tryRun(COMMAND_DEADLINE, command("list", "--name"))
                .stdout()
                .lines()
                .filter(line -> !line.isBlank())
                .toList()) {
            Programs.tryRun(COMMAND_DEADLINE, command("destroy", guest));
        }
        daemon.terminate(END_DEADLINE);
        killOrphans();
    }

    /** Guests that the daemon did not end, because it was gone itself. */
    private void killOrphans() throws IOException {
        Path state = directory.resolve("run/qemu");
        if (!Files.isDirectory(state)) {
            return;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(state, "*.pid")) {
            for (Path file : files) {
                ProcessHandle.of(Long.parseLong(Files.readString(file, UTF_8).strip()))
                        .ifPresent(ProcessHandle::destroyForcibly);
            }
        }
    }

    private static BackgroundProgram run(Path script, Path directory) throws IOException {
        return BackgroundProgram.start("unshare", "--mount", "sh", script.toString(), directory.toString());
    }

    /** libvirtd does not say when it is ready; virsh waits for each answer. */
    private void awaitAnswer() throws IOException {
        long deadline = System.nanoTime() + START_DEADLINE.toNanos();
        while (Programs.tryRun(COMMAND_DEADLINE, command("version")).exitCode() != 0) {
            if (!daemon.isAlive() || System.nanoTime() > deadline) {
                throw new IOException("libvirtd does not answer: " + daemon.describe());
            }
        }
    }

    private String[] command(String... arguments) {
        String[] command = new String[arguments.length + 3];
        command[0] = "virsh";
        command[1] = "-c";
        command[2] = uri();
        System.arraycopy(arguments, 0, command, 3, arguments.length);
        return command;
    }
}
