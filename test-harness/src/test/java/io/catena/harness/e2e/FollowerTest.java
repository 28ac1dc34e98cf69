package io.catena.harness.e2e;

import static io.catena.harness.Waiting.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.harness.peer.Outcome;
import io.catena.lease.BootClock;
import io.catena.lease.Claim;
import io.catena.lease.FileLeaseStore;
import io.catena.lease.HostRecord;
import io.catena.lease.LeaseKeys;
import io.catena.lease.LeaseStore;
import io.catena.lease.LeaseTimes;
import io.catena.lease.Session;
import io.catena.store.FileStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Two agents that have one SR attached at the same time: one has it, the other follows. */
@Tag("slow")
class FollowerTest extends PoolTest {
    private static final long DISK_BYTES = 8 << 20;

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
        until("the guests write", () -> guest.written() > 50 && neighbour.written() > 50);
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
        until("the guest goes on", () -> guest.written() > before + 50);
        guest.stop();
        neighbour.stop();
        guestRun.result(PATIENCE);
        neighbourRun.result(PATIENCE);
        assertThat(b.agent().vdi(disk).get("virtualSizeBytes").getAsLong()).isEqualTo(2 * DISK_BYTES);
        b.agent().detach(disk);
        guest.check(a.agent().attach(disk));
        a.agent().detach(disk);
        migrate(disk, guest);
    }

    /** Through the follower, in both directions, and between the SR and one of the follower's own. */
    @Test
    void contentsComeAndGo() throws Exception {
        byte[] content = new byte[4 << 20];
        new Random(9).nextBytes(content);
        Arrays.fill(content, 1 << 20, 2 << 20, (byte) 0);
        Path image = Files.write(directory.resolve("image"), content);
        b.agent()
                .process()
                .cli("vdi", "import", "pool", "--format", "raw", "--input", image.toString(), "--name", "in");
        Path vhd = exported("in", "vhd");
        b.agent()
                .process()
                .cli("vdi", "import", "pool", "--format", "vhd", "--input", vhd.toString(), "--name", "again");
        assertThat(Files.mismatch(exported("again", "raw"), image)).isEqualTo(-1);
        assertThat(a.agent().vdis(sr)).hasSize(2);

        String own = b.agent().createSr("own", directory.resolve("own"));
        copy("in", own, "there");
        assertThat(Files.mismatch(exported("there", "raw"), image)).isEqualTo(-1);
        copy("there", sr, "back");
        assertThat(Files.mismatch(exported("back", "raw"), image)).isEqualTo(-1);

        String disk = LiveAgent.id(b.agent().vdi(sr, "in"), "vdi");
        b.agent().attach(disk);
        assertThatThrownBy(() -> copy("in", own, "busy"))
                .isInstanceOf(SrException.class)
                .hasMessageContaining(disk);
        b.agent().detach(disk);
        Path qcow2 = exported("in", "qcow2");
        b.agent()
                .process()
                .cli("vdi", "import", "pool", "--format", "qcow2", "--input", qcow2.toString(), "--name", "kept");
        assertThat(Files.mismatch(exported("kept", "raw"), image)).isEqualTo(-1);
        assertThat(a.agent().vdis(sr)).hasSize(4);
        a.agent().process().cli("sr", "check", sr);
    }

    private Path exported(String vdi, String format) throws IOException {
        Path file = directory.resolve(vdi + "." + format);
        b.agent().process().cli("vdi", "export", vdi, "--format", format, "--output", file.toString());
        return file;
    }

    private void copy(String vdi, String target, String name) {
        JsonObject body = new JsonObject();
        body.addProperty("sr", target);
        body.addProperty("name", name);
        String job = LiveAgent.id(b.agent().api().post("/v1/vdis/" + vdi + "/copy", body), "job");
        JsonObject now;
        do {
            now = b.agent().api().get("/v1/jobs/" + job + "?waitMillis=10000").getAsJsonObject();
        } while (LiveAgent.id(now, "state").equals("running"));
        assertThat(LiveAgent.id(now, "state")).as("%s", now).isEqualTo("done");
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

    /** Whichever agent is killed: before the guest moves, and when it has just moved, of which nothing was written down then. */
    @Test
    void aDiskThatIsAttachedForAMoveBelongsToWhoHasItActive() throws Exception {
        String disk = a.agent().createVdi(sr, "disk", DISK_BYTES);
        a.attachInactive(disk, "guest");
        a.ask("activate", disk, "guest");
        GuestWriter guest = new GuestWriter(uriAt(a, disk), DISK_BYTES, 7);
        guest.writeSome(110);
        b.attachInactive(disk, "guest");
        String ahead = ticket(disk);
        a.agent().process().kill9();
        a.agent().process().restart();
        guest.check(uriAt(a, disk));
        until("the holder, found again, refuses", () -> isRefusedAsActive(disk));
        assertThat(ticket(disk)).isNotEqualTo(ahead);

        String empty = a.agent().createVdi(sr, "empty", DISK_BYTES);
        b.attachInactive(empty, "guest");
        String next = ticket(empty);
        b.ask("activate", empty, "guest");
        assertThat(ticket(empty)).isEqualTo(next);
        GuestWriter moved = new GuestWriter(uriAt(b, empty), DISK_BYTES, 8);
        moved.writeSome(110);
        b.agent().process().kill9();
        b.agent().process().restart();
        moved.check(uriAt(b, empty));
        a.agent().process().kill9();
        until("the follower has the SR", () -> b.agent().process().log().contains("event=sr-taken-over"));
        until("the disk is back", () -> isActive(empty));
        moved.check(uriAt(b, empty));
    }

    private boolean isRefusedAsActive(String disk) {
        SrException refusal = catchThrowableOfType(SrException.class, () -> b.ask("activate", disk, "guest"));
        assertThat(refusal).as("the refusal").isNotNull();
        return refusal.toString().contains("active rw");
    }

    private boolean isActive(String disk) {
        try {
            return LiveAgent.id(b.agent().vdi(disk), "state").equals("active");
        } catch (SrException e) {
            assertThat(e.error()).isEqualTo(SrError.TRY_AGAIN);
            return false;
        }
    }

    private static String uriAt(PoolHost host, String disk) {
        return LiveAgent.id(host.agent().vdi(disk).get("export").getAsJsonObject(), "uri");
    }

    /** Returns the one in the note. */
    private String ticket(String disk) throws IOException {
        String note = Files.readString(path.resolve(".catena/notes/followers.json"));
        return JsonParser.parseString(note).getAsJsonArray().asList().stream()
                .map(JsonElement::getAsJsonObject)
                .filter(held -> LiveAgent.id(held, "vdi").equals(disk))
                .map(held -> LiveAgent.id(held, "ticket"))
                .findFirst()
                .orElseThrow();
    }

    /** The guest of the follower notices nothing but a pause; the host that comes back follows the other. */
    @Test
    void theFollowerTakesOverWithAllThatWasAnswered() throws Exception {
        String disk = b.agent().createVdi(sr, "disk", DISK_BYTES);
        GuestWriter guest = new GuestWriter(b.agent().attach(disk), DISK_BYTES, 3);
        Task<Long> run = Task.start("guest", guest);
        until("the guest writes", () -> guest.written() > 200);
        ScheduleRuns schedule = new ScheduleRuns(b.agent().process(), "pool", "often");
        schedule.create();
        Instant first = schedule.runNow();
        until("the holder has run it", () -> schedule.isDoneSince(first));
        Instant killed = schedule.runNow();
        a.agent().process().kill9();
        long before = guest.written();
        until("the guest goes on", () -> guest.written() > before + 200);
        assertThat(b.agent().process().log()).contains("event=sr-taken-over");
        assertThat(b.agent().vdi(disk).get("state").getAsString()).isEqualTo("active");

        Instant last = schedule.runNow();
        until("the new holder has run it", () -> schedule.isDoneSince(last));
        assertThat(last).isAfter(killed);
        schedule.assertEachRunHasItsSnapshotOnce();

        a.agent().process().restart();
        assertThat(a.agent().process().cli("schedule", "ls").stdout()).contains("often");
        a.agent().process().cli("schedule", "rm", "often", "--purge");
        assertThat(b.agent().process().cli("schedule", "ls").stdout()).doesNotContain("often");
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
        String follower = followerWith(disk);
        b.agent().process().kill9();
        b.agent().process().restart();
        guest.check(LiveAgent.id(b.agent().vdi(disk).get("export").getAsJsonObject(), "uri"));

        b.agent().process().kill9();
        assertThatThrownBy(() -> a.agent().attach(disk))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("active rw for \"@");
        String[] uri = new String[1];
        until("the dead follower has it no more", () -> attached(disk, uri));
        guest.check(uri[0]);
        assertThat(a.agent().process().log()).contains("event=dead-follower-released");
        b.agent().process().restart();
        assertThat(b.agent().vdi(disk).get("state").getAsString()).isEqualTo("active");
        assertThatThrownBy(() -> b.agent().attach(disk)).isInstanceOf(SrException.class);
        guest.check(uri[0]);
        a.agent().detach(disk);
        b.agent().attach(disk);

        b.agent().process().kill9();
        a.agent().process().cli("host", "fenced", follower, path.toString());
        until("what the fenced host had is free", () -> isDetached(disk));
        until("that is told", () -> a.agent().process().log().contains("event=fenced-follower-released"));
        guest.check(a.agent().attach(disk));
    }

    private boolean isDetached(String disk) {
        return LiveAgent.id(a.agent().vdi(disk), "state").equals("detached");
    }

    /** Returns the id of the only host that follows; it lives, and has a disk. */
    private String followerWith(String disk) throws IOException {
        String told = a.agent().process().cli("host", "ls", path.toString()).stdout();
        List<JsonObject> hosts = JsonParser.parseString(told).getAsJsonArray().asList().stream()
                .map(JsonElement::getAsJsonObject)
                .toList();
        assertThat(hosts)
                .hasSize(2)
                .allMatch(host -> LiveAgent.id(host, "state").equals("alive"));
        JsonObject follower = hosts.stream()
                .filter(host -> !host.get("holds").getAsBoolean())
                .findFirst()
                .orElseThrow();
        assertThat(follower.get("disks").toString()).contains(disk);
        assertThat(Instant.parse(LiveAgent.id(follower, "since"))).isBefore(Instant.now());
        return LiveAgent.id(follower, "host");
    }

    /** It lives, has the SR and tells its versions. */
    @Test
    void aHostOfAnotherVersionIsNotFollowed() throws Exception {
        b.agent().detachSr(sr);
        a.agent().detachSr(sr);
        BootClock clock = new SystemClock();
        LeaseStore store = new FileLeaseStore(new FileStorage(path), UUID::randomUUID);
        HostRecord later = new HostRecord(
                UUID.randomUUID().toString(), "later", UUID.randomUUID().toString(), "https://x:1", 2, 3, 0, null);
        try (Session session = Session.join(store, LeaseTimes.DEFAULT, clock, later)) {
            assertThat(session.claim(
                            LeaseKeys.TREE,
                            store.read(LeaseKeys.TREE).orElse(null),
                            Claim.held(session.holder(), List.of(), null)))
                    .isPresent();
            Task<Outcome> attach =
                    Task.start("attach", () -> b.agent().process().tryCli("sr", "attach", path.toString()));
            while (!attach.endsWithin(Duration.ofSeconds(1))) {
                assertThat(session.renew()).isTrue();
            }
            assertThat(attach.result(PATIENCE).stderr())
                    .contains("host later")
                    .contains("versions 2 to 3")
                    .contains("update Catena on host ");
        }
    }

    private static final class SystemClock implements BootClock {
        @Override
        public long nanos() {
            return System.nanoTime();
        }

        @Override
        public void sleep(long nanos) {
            throw new UnsupportedOperationException();
        }
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
        until("the guest writes", () -> guest.written() > 100);
        b.agent().detachSr(sr);
        long before = guest.written();
        until("the guest goes on", () -> guest.written() > before + 100);
        guest.stop();
        run.result(PATIENCE);
        a.agent().detach(disk);
        a.agent().process().cli("sr", "check", sr);
        assertThat(a.agent().stat(sr).toString()).doesNotContain("has the SR");
    }
}
