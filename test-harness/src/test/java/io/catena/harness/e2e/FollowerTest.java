package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrException;
import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.TestCertificates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** Two agents that have one SR attached at the same time: one has it, the other follows. */
@Tag("slow")
class FollowerTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final long DISK_BYTES = 8 << 20;

    @TempDir(cleanup = CleanupMode.ALWAYS)
    private Path directory;

    private PoolHost a;
    private PoolHost b;
    private Path path;
    private String sr;

    @BeforeEach
    void attachOnBoth() throws IOException {
        path = directory.resolve("sr");
        TestCertificates certificates = new TestCertificates(directory.resolve("pki"));
        a = PoolHost.start(Files.createDirectory(directory.resolve("a")), certificates, "hosta", List.of("hostb"));
        b = PoolHost.start(Files.createDirectory(directory.resolve("b")), certificates, "hostb", List.of("hosta"));
        sr = a.agent().createSr("pool", path);
        a.agent().detachSr(sr);
        a.agent().process().cli("sr", "share", path.toString(), "--coordination", "files");
        a.agent().process().cli("sr", "attach", path.toString());
        b.agent().process().cli("sr", "attach", path.toString());
    }

    @AfterEach
    void endAgents() throws IOException {
        try {
            if (a != null) {
                a.close();
            }
        } finally {
            if (b != null) {
                b.close();
            }
        }
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waited too long until " + what).isLessThan(deadline);
            Thread.sleep(50);
        }
    }

    /** Everything that is asked of the follower happens; a disk is one host's at a time, and moves from one to the other. */
    @Test
    void theFollowerDoesEverythingByTheHolder() throws Exception {
        String disk = b.agent().createVdi(sr, "disk", DISK_BYTES);
        String other = a.agent().createVdi(sr, "other", DISK_BYTES);
        assertThat(a.agent().vdis(sr)).hasSize(2);
        assertThat(b.agent().stat(sr).toString()).contains("has the SR");
        assertThat(b.agent().api().get("/v1/srs/" + sr + "/tree").toString()).contains(disk);

        GuestWriter guest = new GuestWriter(b.agent().attach(disk), DISK_BYTES, 1);
        GuestWriter neighbour = new GuestWriter(a.agent().attach(other), DISK_BYTES, 2);
        Task<Long> guestRun = Task.start("guest", guest);
        Task<Long> neighbourRun = Task.start("neighbour", neighbour);
        await("the guests write", () -> guest.written() > 50 && neighbour.written() > 50);
        assertThat(a.agent().vdi(disk).toString()).contains("\"holder\":\"@");
        assertThatThrownBy(() -> a.agent().attach(disk)).isInstanceOf(SrException.class);
        assertThatThrownBy(() -> b.agent().attach(other))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("active rw");

        assertThat(b.snapshot(disk, other)).isEqualTo(2);
        String clone =
                LiveAgent.id(b.agent().api().post("/v1/vdis/" + disk + "/clone").getAsJsonObject(), "vdi");
        b.agent().resize(disk, 2 * DISK_BYTES);
        b.agent().destroy(clone);
        b.agent().process().cli("gc", "run", "pool", "--wait");
        assertThat(b.agent().process().cli("job", "ls").stdout()).contains("\"done\"");
        long before = guest.written();
        await("the guest goes on", () -> guest.written() > before + 50);
        guest.stop();
        neighbour.stop();
        guestRun.result(PATIENCE);
        neighbourRun.result(PATIENCE);
        assertThat(b.agent().vdi(disk).get("virtualSizeBytes").getAsLong()).isEqualTo(2 * DISK_BYTES);
        b.agent().detach(disk);
        guest.check(a.agent().attach(disk));
        a.agent().detach(disk);
        migrate(disk, guest);
        Path image = Files.write(directory.resolve("image"), new byte[1 << 20]);
        Outcome refused =
                b.agent().process().tryCli("vdi", "import", "pool", "--format", "raw", "--input", image.toString());
        assertThat(refused.stderr()).contains("only on host");
    }

    /** As a hypervisor does it: attach where the guest goes, and activate there when the other has let go. */
    private void migrate(String disk, GuestWriter guest) throws IOException {
        b.attachInactive(disk, "guest");
        b.ask("activate", disk, "guest");
        a.attachInactive(disk, "guest");
        assertThatThrownBy(() -> a.ask("activate", disk, "guest")).isInstanceOf(SrException.class);
        b.ask("deactivate", disk, "guest");
        a.ask("activate", disk, "guest");
        b.ask("detach", disk, "guest");
        guest.check(LiveAgent.id(a.agent().vdi(disk).get("export").getAsJsonObject(), "uri"));
        a.ask("detach", disk, "guest");
    }

    /** The guest of the follower notices nothing but a pause; the host that comes back follows the other. */
    @Test
    void theFollowerTakesOverWithAllThatWasAnswered() throws Exception {
        String disk = b.agent().createVdi(sr, "disk", DISK_BYTES);
        GuestWriter guest = new GuestWriter(b.agent().attach(disk), DISK_BYTES, 3);
        Task<Long> run = Task.start("guest", guest);
        await("the guest writes", () -> guest.written() > 200);
        a.agent().process().kill9();
        long before = guest.written();
        await("the guest goes on", () -> guest.written() > before + 200);
        assertThat(b.agent().process().log()).contains("event=sr-taken-over");
        assertThat(b.agent().vdi(disk).get("state").getAsString()).isEqualTo("active");

        a.agent().process().restart();
        assertThat(a.agent().vdis(sr)).hasSize(1);
        assertThat(a.agent().process().log()).contains("event=sr-followed");
        guest.stop();
        run.result(PATIENCE);
        b.agent().detach(disk);
        handOver(a.agent().createVdi(sr, "late", DISK_BYTES));
    }

    /** Started again it has its disks; dead it loses them to who asks, and not before that is certain. */
    @Test
    void aFollowerThatIsKilled() throws Exception {
        String disk = b.agent().createVdi(sr, "disk", DISK_BYTES);
        GuestWriter guest = new GuestWriter(b.agent().attach(disk), DISK_BYTES, 5);
        guest.writeSome(100);
        assertThat(a.agent()
                        .process()
                        .cli("host", "ls", path.toString())
                        .stdout()
                        .split("\"alive\"", -1))
                .as("alive, and what comes after each")
                .hasSize(3);
        b.agent().process().kill9();
        b.agent().process().restart();
        guest.check(LiveAgent.id(b.agent().vdi(disk).get("export").getAsJsonObject(), "uri"));

        b.agent().process().kill9();
        assertThatThrownBy(() -> a.agent().attach(disk))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("active rw for \"@");
        String[] uri = new String[1];
        await("the dead follower has it no more", () -> attached(disk, uri));
        guest.check(uri[0]);
        assertThat(a.agent().process().log()).contains("event=dead-follower-released");
        b.agent().process().restart();
        assertThat(b.agent().vdi(disk).get("state").getAsString()).isEqualTo("active");
        assertThatThrownBy(() -> b.agent().attach(disk)).isInstanceOf(SrException.class);
        guest.check(uri[0]);
        a.agent().detach(disk);
        b.agent().attach(disk);
    }

    private boolean attached(String disk, String[] uri) {
        try {
            uri[0] = a.agent().attach(disk);
            return true;
        } catch (SrException e) {
            assertThat(e.getMessage()).contains("active rw");
            return false;
        }
    }

    /** The host that has the SR lets go of it while a guest of the other writes. */
    private void handOver(String disk) throws Exception {
        GuestWriter guest = new GuestWriter(a.agent().attach(disk), DISK_BYTES, 4);
        Task<Long> run = Task.start("guest", guest);
        await("the guest writes", () -> guest.written() > 100);
        b.agent().detachSr(sr);
        long before = guest.written();
        await("the guest goes on", () -> guest.written() > before + 100);
        guest.stop();
        run.result(PATIENCE);
        a.agent().detach(disk);
        a.agent().process().cli("sr", "check", sr);
        assertThat(a.agent().stat(sr).toString()).doesNotContain("has the SR");
    }
}
