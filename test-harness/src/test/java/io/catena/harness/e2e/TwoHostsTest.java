package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two agents, each with a run directory of its own as two hosts have, and one SR. They share a kernel here, so that what one
 * wrote is seen by the other at once; what a late write does on a file server is for the simulated cluster.
 */
@Tag("slow")
class TwoHostsTest {
    private static final Duration QEMU = Duration.ofMinutes(2);

    @TempDir(cleanup = CleanupMode.ALWAYS)
    private Path directory;

    private AgentProcess a;
    private AgentProcess b;
    private Path sr;

    @BeforeEach
    void shareAnSr() throws IOException {
        sr = directory.resolve("sr");
        a = AgentProcess.startShortLived(Files.createDirectory(directory.resolve("a")));
        b = AgentProcess.startShortLived(Files.createDirectory(directory.resolve("b")));
        a.cli("sr", "create", "pool", "--path", sr.toString());
        a.cli("vdi", "create", "pool", "--size", "64M", "--name", "disk");
        a.cli("sr", "detach", "pool");
        a.cli("sr", "share", sr.toString(), "--coordination", "files");
        a.cli("sr", "attach", sr.toString());
    }

    @AfterEach
    void endAgents() throws IOException {
        try {
            if (a != null && a.isAlive()) {
                signal("CONT", a);
                a.close();
            }
        } finally {
            if (b != null) {
                b.close();
            }
        }
    }

    private static void signal(String name, AgentProcess agent) throws IOException {
        Programs.run(QEMU, "/bin/kill", "-" + name, Long.toString(agent.pid()));
    }

    private static String uri(AgentProcess agent) throws IOException {
        return JsonParser.parseString(agent.cli("vdi", "attach", "disk").stdout())
                .getAsJsonObject()
                .get("uri")
                .getAsString();
    }

    private static Outcome io(String uri, String... commands) throws IOException {
        String[] line = new String[3 + 2 * commands.length + 1];
        line[0] = "qemu-io";
        line[1] = "-f";
        line[2] = "raw";
        for (int i = 0; i < commands.length; i++) {
            line[3 + 2 * i] = "-c";
            line[4 + 2 * i] = commands[i];
        }
        line[line.length - 1] = uri;
        return Programs.tryRun(QEMU, line);
    }

    @Test
    void oneHostHasItAndGivesItToTheOther() throws IOException {
        assertThat(io(uri(a), "write -P 7 1M 1M", "flush").exitCode()).isZero();
        Outcome refused = b.tryCli("sr", "attach", sr.toString());
        assertThat(refused.exitCode()).isEqualTo(1);
        assertThat(refused.stderr()).contains("is held by host").contains("catena sr detach");
        assertThat(a.cli("host", "ls", sr.toString()).stdout())
                .contains("\"alive\"")
                .contains("\"holds\":true");
        a.cli("vdi", "detach", "disk");
        a.cli("sr", "detach", "pool");
        b.cli("sr", "attach", sr.toString());
        assertThat(io(uri(b), "read -P 7 1M 1M").stdout()).doesNotContain("verification failed");
    }

    @Test
    void theOtherTakesOverFromAHostThatDied() throws IOException {
        assertThat(io(uri(a), "write -P 7 1M 1M", "flush").exitCode()).isZero();
        a.kill9();
        b.cli("sr", "attach", sr.toString());
        assertThat(b.log()).contains("event=sr-taken-over");
        assertThat(io(uri(b), "read -P 7 1M 1M", "write -P 8 2M 1M", "flush").stdout())
                .doesNotContain("verification failed");
    }

    /** It stood still for a while, does not know that it is dead, and goes on with what it was doing. */
    @Test
    void aHostThatComesBackAnswersNothingAndHarmsNothing() throws IOException {
        String old = uri(a);
        assertThat(io(old, "write -P 7 1M 1M", "flush").exitCode()).isZero();
        signal("STOP", a);
        b.cli("sr", "attach", sr.toString());
        String now = uri(b);
        assertThat(io(now, "read -P 7 1M 1M", "write -P 8 8M 1M", "flush").exitCode())
                .isZero();
        signal("CONT", a);
        Outcome late = io(old, "write -P 9 1M 1M", "flush");
        assertThat(late.stdout() + late.stderr()).contains("Input/output error");
        assertThat(io(now, "read -P 7 1M 1M", "read -P 8 8M 1M").stdout()).doesNotContain("verification failed");
        assertThat(a.log()).contains("event=sr-lost").contains("has taken the SR from this host");
        b.cli("vdi", "detach", "disk");
        b.cli("sr", "check", "pool");
    }

    /** The word of whoever has switched the host off. */
    @Test
    void aHostThatWasFencedIsNotWaitedFor() throws IOException {
        a.kill9();
        long began = System.nanoTime();
        String host = JsonParser.parseString(b.cli("host", "ls", sr.toString()).stdout())
                .getAsJsonArray()
                .get(0)
                .getAsJsonObject()
                .get("host")
                .getAsString();
        b.cli("host", "fenced", host, sr.toString());
        b.cli("sr", "attach", sr.toString());
        assertThat(b.log()).contains("event=host-fenced").contains("event=sr-taken-over");
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofMinutes(5));
    }
}
