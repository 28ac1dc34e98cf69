package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.BackgroundProgram;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** The packaged agent under a service manager, and one with nothing at all. */
@Tag("slow")
class ServiceTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private static final String MANAGER = """
            import socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.bind(sys.argv[1])
            print('bound', flush=True)
            while True:
                print(s.recv(4096).decode().replace('\\n', ' '), flush=True)
            """;

    @TempDir(cleanup = CleanupMode.ALWAYS)
    private Path directory;

    private @Nullable BackgroundProgram manager;
    private @Nullable BackgroundProgram agent;

    @AfterEach
    void end() throws IOException {
        try {
            if (agent != null) {
                agent.close();
            }
        } finally {
            if (manager != null) {
                manager.close();
            }
        }
    }

    private static Path launcher() {
        return Path.of(Objects.requireNonNull(System.getProperty(AgentProcess.HOME_PROPERTY)), "host-agent/bin/catena");
    }

    @Test
    void tellsItsManagerThatItLivesAndReadsItsFileAgainOnSighup() throws IOException {
        Path socket = directory.resolve("notify");
        BackgroundProgram manager = BackgroundProgram.start("python3", "-c", MANAGER, socket.toString());
        this.manager = manager;
        manager.awaitLine("bound"::equals, PATIENCE);
        Path conf = Files.writeString(directory.resolve("agent.conf"), "libvirt = \"none\"\n");
        BackgroundProgram agent = BackgroundProgram.start(
                "env",
                // A test that runs under nohup would hand on that it is ignored.
                "--default-signal=HUP",
                "NOTIFY_SOCKET=" + socket,
                "WATCHDOG_USEC=600000",
                launcher().toString(),
                "agent",
                "--run-dir",
                directory.resolve("run").toString(),
                "--config",
                conf.toString());
        this.agent = agent;
        manager.awaitLine("READY=1 STATUS=serving"::equals, PATIENCE);
        manager.awaitLine("WATCHDOG=1"::equals, PATIENCE);

        Files.writeString(conf, "libvirt = \"none\"\nnbd-readers = 9\nallow-parent = [\"/srv\"]\n");
        signal("HUP", agent);
        manager.awaitLine("RELOADING=1"::equals, PATIENCE);
        assertThat(agent.awaitLine(line -> line.contains("event=config-reloaded"), PATIENCE))
                .endsWith(" waiting-for-restart=nbd-readers");

        Files.writeString(conf, "nbd-raeders = 9\n");
        signal("HUP", agent);
        assertThat(agent.awaitLine(line -> line.contains("event=config-not-reloaded"), PATIENCE))
                .contains("agent.conf:1: ", "did you mean \\\"nbd-readers\\\"?");

        assertThat(agent.terminate(PATIENCE)).isZero();
        manager.awaitLine(line -> line.startsWith("STOPPING=1"), PATIENCE);
    }

    private static void signal(String name, BackgroundProgram agent) throws IOException {
        Programs.run(PATIENCE, "/bin/kill", "-" + name, Long.toString(agent.pid()));
    }

    /** On a laptop, without root: with no options and no file. */
    @Test
    void servesRawAndVhdDisksWithNothingConfiguredAndWithoutRoot() throws IOException {
        Programs.require("setpriv");
        Programs.run(PATIENCE, "chmod", "777", directory.toString());
        String environment = "umask 077; export XDG_RUNTIME_DIR=$1 HOME=$1 CATENA_NO_ARCHIVE=1; catena=$2; ";
        String[] user = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-euc"};
        BackgroundProgram agent = BackgroundProgram.start(with(user, environment + "exec $catena agent"));
        this.agent = agent;
        agent.awaitLine("ready"::equals, PATIENCE);
        String use = environment + """
                $catena sr create main --path "$1/sr" >/dev/null
                for kind in '' --raw; do
                    $catena vdi create main --size 16M --name "disk$kind" $kind >/dev/null
                    uri=$($catena vdi attach "disk$kind")
                    qemu-io -f raw -c 'write -P 7 1M 1M' -c flush "$uri" >/dev/null
                    qemu-io -r -f raw -c 'read -P 7 1M 1M' -c 'read -P 0 4M 1M' "$uri"
                    $catena vdi detach "disk$kind"
                done
                ls "$1/sr"
                """;
        String output = Programs.run(PATIENCE, with(user, use)).stdout();
        assertThat(output).contains(".vhd", ".raw").doesNotContain("verification failed");
        assertThat(output.lines().filter(line -> line.startsWith("read 1048576/1048576")))
                .hasSize(4);
    }

    private String[] with(String[] user, String script) {
        String[] command = new String[user.length + 4];
        System.arraycopy(user, 0, command, 0, user.length);
        command[user.length] = script;
        command[user.length + 1] = "sh";
        command[user.length + 2] = directory.toString();
        command[user.length + 3] = launcher().toString();
        return command;
    }
}
