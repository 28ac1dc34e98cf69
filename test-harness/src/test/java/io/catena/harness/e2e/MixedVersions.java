package io.catena.harness.e2e;

import static io.catena.harness.Waiting.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrException;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.TestCertificates;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An agent of a former version and one of this version on one SR. {@code test-harness/bin/e2e versions -Dcatena.former=TREE} runs
 * it, where TREE is a source tree of the former version in which the agent's jar was built.
 */
@Tag("slow")
class MixedVersions {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final long DISK_BYTES = 8 << 20;

    @TempDir(cleanup = CleanupMode.ALWAYS)
    private Path directory;

    private final List<PoolHost> hosts = new ArrayList<>();

    @AfterEach
    void endAgents() throws IOException {
        for (PoolHost host : hosts) {
            host.close();
        }
    }

    private static Path former() {
        String tree = System.getProperty("catena.former");
        if (tree == null) {
            throw new IllegalStateException(
                    "-Dcatena.former=TREE is missing: a source tree of a former version, built");
        }
        return Path.of(tree);
    }

    private PoolHost start(Path home, TestCertificates certificates, String name, String other) throws IOException {
        PoolHost host = PoolHost.start(
                home, Files.createDirectory(directory.resolve(name)), certificates, name, List.of(other), "127.0.0.1");
        hosts.add(host);
        return host;
    }

    /** Each takes over from the other, and a guest notices nothing. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aPairOfTwoVersionsWorks(boolean formerHolds) throws Exception {
        TestCertificates certificates = new TestCertificates(directory.resolve("pki"));
        Path now = AgentProcess.home();
        PoolHost holder = start(formerHolds ? former() : now, certificates, "hosta", "hostb");
        PoolHost follower = start(formerHolds ? now : former(), certificates, "hostb", "hosta");
        Path path = directory.resolve("sr");
        String sr = holder.agent().createSr("pool", path);
        holder.agent().detachSr(sr);
        holder.agent().process().cli("sr", "share", path.toString(), "--coordination", "files");
        holder.agent().process().cli("sr", "attach", path.toString());
        until("the other follows", () -> isAttached(follower, path));

        String disk = follower.agent().createVdi(sr, "disk", DISK_BYTES);
        GuestWriter guest = new GuestWriter(follower.agent().attach(disk), DISK_BYTES, 1);
        Task<Long> run = Task.start("guest", guest);
        goesOn(guest);
        assertThat(follower.snapshot(disk)).isEqualTo(1);
        assertThat(follower.agent().vdis(sr)).hasSize(2);
        follower.agent().process().cli("gc", "run", "pool", "--wait");
        if (formerHolds) {
            assertThat(LiveAgent.objects(follower.agent().api().get("/v1/schedules")))
                    .isEmpty();
            assertThatThrownBy(() -> follower.agent().api().get("/v1/schedules/none"))
                    .isInstanceOf(SrException.class)
                    .hasMessageContaining("knows no operation");
        }
        holder.agent().process().kill9();
        until("the follower has the SR", () -> log(follower).contains("event=sr-taken-over"));
        goesOn(guest);
        holder.agent().process().restart();
        until("who came back follows", () -> isAttached(holder, path));
        String late = holder.agent().createVdi(sr, "late", DISK_BYTES);
        assertThat(log(holder)).contains("event=sr-followed");
        guest.stop();
        run.result(PATIENCE);
        follower.agent().detach(disk);

        GuestWriter back = new GuestWriter(holder.agent().attach(late), DISK_BYTES, 2);
        Task<Long> backRun = Task.start("guest of who came back", back);
        goesOn(back);
        follower.agent().detachSr(sr);
        goesOn(back);
        back.stop();
        backRun.result(PATIENCE);
        holder.agent().detach(late);
        guest.check(holder.agent().attach(disk));
        holder.agent().detach(disk);
        holder.agent().process().cli("sr", "check", sr);
    }

    /** An agent that has just been started may take too long for the other's patience. */
    private static boolean isAttached(PoolHost host, Path path) {
        if (host.agent().srs().stream().anyMatch(sr -> sr.get("attached").getAsBoolean())) {
            return true;
        }
        try {
            Outcome outcome = host.agent().process().tryCli("sr", "attach", path.toString());
            assertThat(outcome.exitCode() == 0 || outcome.stdout().contains("TRY_AGAIN"))
                    .as("%s", outcome)
                    .isTrue();
            return outcome.exitCode() == 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void goesOn(GuestWriter guest) throws IOException, InterruptedException {
        long before = guest.written();
        until("the guest goes on", () -> guest.written() > before + 100);
    }

    private static String log(PoolHost host) {
        return host.agent().process().log();
    }
}
