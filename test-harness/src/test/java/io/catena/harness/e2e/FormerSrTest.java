package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.Programs;
import io.catena.lease.FileLeaseStore;
import io.catena.lease.HostRecord;
import io.catena.lease.LeaseKeys;
import io.catena.store.FileStorage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** SRs as agents of a former version left them when they died in the midst of something: this version goes on with them. */
@Tag("slow")
class FormerSrTest {
    private static final String ARCHIVE = "/io/catena/harness/former/former.tar.xz";
    private static final Duration UNPACKING = Duration.ofMinutes(1);
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final String JOURNAL = ".catena/journal/operation.json";

    @TempDir(cleanup = CleanupMode.ALWAYS)
    private Path directory;

    private LiveAgent agent;

    @BeforeEach
    void unpack() throws IOException {
        Programs.require("tar");
        Programs.require("xz");
        Path archive = directory.resolve("former.tar.xz");
        try (InputStream in = Objects.requireNonNull(FormerSrTest.class.getResourceAsStream(ARCHIVE), ARCHIVE)) {
            Files.copy(in, archive);
        }
        Programs.run(UNPACKING, "tar", "-xJf", archive.toString(), "-C", directory.toString());
        agent = LiveAgent.start(directory.resolve("run"));
    }

    @AfterEach
    void endAgent() throws IOException {
        if (agent != null) {
            agent.close();
        }
    }

    private Map<String, String> lines(String file) throws IOException {
        Map<String, String> lines = new TreeMap<>();
        for (String line : Files.readAllLines(directory.resolve(file))) {
            String[] words = line.split(" ", 2);
            lines.put(words[0], words[1]);
        }
        return lines;
    }

    /** Two hosts died: the one that had the SR within a snapshot of four disks, the other with a disk attached. */
    @Test
    void aSharedSrIsTakenOverAndASnapshotEnded() throws Exception {
        Path path = directory.resolve("shared");
        assertThat(path.resolve(JOURNAL)).exists();
        List<String> former = hosts(path);
        assertThat(former).hasSize(2);
        for (String host : former) {
            JsonObject dead = new JsonObject();
            dead.addProperty("path", path.toString());
            dead.addProperty("host", host);
            agent.api().post("/v1/hosts/fenced", dead);
        }
        String sr = agent.attachSr(path);
        assertThat(agent.process().log()).contains("event=sr-taken-over").contains("epoch=");
        assertThat(path.resolve(JOURNAL)).doesNotExist();
        awaitReleased(sr);
        assertThat(agent.stat(sr).toString()).contains("of a former version");
        assertThat(LiveAgent.objects(agent.api().get("/v1/schedules")))
                .extracting(schedule -> LiveAgent.id(schedule, "name"))
                .containsExactly("nightly");

        // Four of disks that were there before; the operation that was cut made four more, or none of them.
        assertThat(snapshots(sr)).isIn(4L, 8L);
        everyDiskIsAsItWas(sr, "shared");
        goesOn(sr, path, "shared");
    }

    private static List<String> hosts(Path path) throws IOException {
        try (FileLeaseStore store = new FileLeaseStore(new FileStorage(path), UUID::randomUUID)) {
            return HostRecord.all(store.notes(LeaseKeys.HOSTS)).values().stream()
                    .map(HostRecord::host)
                    .toList();
        }
    }

    /** Nobody asks for the disk; it is free since somebody has said that its host is off. */
    private void awaitReleased(String sr) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (agent.vdis(sr).stream()
                .anyMatch(vdi -> !LiveAgent.id(vdi, "state").equals("detached"))) {
            assertThat(System.nanoTime()).as("a dead follower has a disk still").isLessThan(deadline);
            Thread.sleep(50);
        }
    }

    private long snapshots(String sr) {
        return agent.vdis(sr).stream()
                .filter(vdi -> LiveAgent.id(vdi, "name").startsWith("snapshot"))
                .count();
    }

    /** One host died while it merged nodes. */
    @Test
    void aMergeIsEnded() throws Exception {
        Path path = directory.resolve("merging");
        assertThat(path.resolve(JOURNAL)).exists();
        String sr = agent.attachSr(path);
        everyDiskIsAsItWas(sr, "merging");
        goesOn(sr, path, "merging");
    }

    private void everyDiskIsAsItWas(String sr, String name) throws IOException {
        Map<String, String> names = new TreeMap<>();
        for (JsonObject vdi : agent.vdis(sr)) {
            names.put(LiveAgent.id(vdi, "vdi"), LiveAgent.id(vdi, "name"));
        }
        assertThat(names).containsAllEntriesOf(lines(name + ".names"));
        for (Map.Entry<String, String> disk : lines(name + ".sums").entrySet()) {
            assertThat(sum(disk.getKey())).as("disk " + disk.getKey()).isEqualTo(disk.getValue());
        }
    }

    private String sum(String disk) throws IOException {
        agent.attachReadOnly(disk);
        try (NbdClient client = agent.connect(disk)) {
            return Digests.sha256(client.read(0, (int) client.sizeBytes()));
        } finally {
            agent.detach(disk);
        }
    }

    /** It is written, a snapshot is taken, what is garbage goes; and all is there after the next attach. */
    private void goesOn(String sr, Path path, String name) throws IOException {
        String disk = lines(name + ".names").entrySet().stream()
                .filter(entry -> entry.getValue().startsWith("Stra\u00dfe"))
                .findFirst()
                .orElseThrow()
                .getKey();
        agent.attach(disk);
        String snapshot = agent.snapshot(disk);
        byte[] piece = new byte[4096];
        piece[0] = 7;
        try (NbdClient client = agent.connect(disk)) {
            client.write(0, piece);
            client.flush();
        }
        agent.detach(disk);
        String before = sum(disk);
        JsonObject job = agent.collectGarbage(sr);
        assertThat(LiveAgent.id(job, "state")).isEqualTo("done");
        assertThat(path.resolve(JOURNAL)).doesNotExist();
        agent.process().cli("sr", "check", sr);
        agent.detachSr(sr);
        assertThat(agent.attachSr(path)).isEqualTo(sr);
        assertThat(sum(disk)).isEqualTo(before);
        Map<String, String> sums = lines(name + ".sums");
        assertThat(sum(snapshot)).isEqualTo(sums.get(disk));
        sums.remove(disk);
        for (Map.Entry<String, String> other : sums.entrySet()) {
            assertThat(sum(other.getKey())).as("disk " + other.getKey()).isEqualTo(other.getValue());
        }
    }
}
