package io.catena.harness.mount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import io.catena.agent.Agent;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.guest.NoHypervisor;
import io.catena.agent.linux.MountTable;
import io.catena.agent.linux.MountTable.Mount;
import io.catena.agent.nbd.NbdLimits;
import io.catena.api.SrException;
import io.catena.harness.machine.WholeMachine;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Real file systems on loop devices, mounted and unmounted by an agent. */
@Tag("slow")
@WholeMachine
final class MountedSrTest {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final long DEVICE_BYTES = 320L << 20;

    @TempDir
    private Path directory;

    private Path run;
    private Path mounts;
    private String device;
    private Agent agent;
    private ControlClient client;

    @BeforeEach
    void startAgent() throws IOException {
        run = Files.createDirectories(directory.resolve("run")).toRealPath();
        mounts = run.resolve("mnt");
        try (RandomAccessFile file = new RandomAccessFile(image().toFile(), "rw")) {
            file.setLength(DEVICE_BYTES);
        }
        device = Programs.run(DEADLINE, "losetup", "-f", "--show", image().toString())
                .stdout()
                .strip();
        start();
    }

    @AfterEach
    void end() throws IOException {
        try {
            agent.close();
            for (Mount mount : mounted()) {
                Programs.run(DEADLINE, "umount", "-l", mount.point().toString());
            }
        } finally {
            Programs.tryRun(DEADLINE, "losetup", "-d", device);
        }
    }

    private Path image() {
        return directory.resolve("image");
    }

    private void start() throws IOException {
        Agent.Options options = new Agent.Options(NbdLimits.DEFAULT, null, false);
        agent = Agent.start(run, options, socket -> new NoHypervisor());
        client = new ControlClient(run.resolve("agent.sock"), DEADLINE);
    }

    private List<Mount> mounted() throws IOException {
        return MountTable.read().mounts().stream()
                .filter(mount -> mount.point().startsWith(run))
                .toList();
    }

    private JsonObject place(String type) {
        JsonObject config = new JsonObject();
        config.addProperty("device", device);
        JsonObject body = new JsonObject();
        body.addProperty("type", type);
        body.add("config", config);
        return body;
    }

    private String create(String type, boolean format) {
        JsonObject body = place(type);
        body.addProperty("name", "mounted");
        body.addProperty("format", format);
        return client.post("/v1/srs", body).getAsJsonObject().get("sr").getAsString();
    }

    private void createDisk(String sr) {
        JsonObject body = new JsonObject();
        body.addProperty("sizeBytes", 16 << 20);
        body.addProperty("name", "disk");
        client.post("/v1/srs/" + sr + "/vdis", body);
    }

    private int disks(String sr) {
        return client.get("/v1/srs/" + sr + "/vdis").getAsJsonArray().size();
    }

    private JsonObject attach(String sr) {
        JsonObject body = new JsonObject();
        body.addProperty("sr", sr);
        return client.post("/v1/srs/attach", body).getAsJsonObject();
    }

    private JsonObject sr() {
        return client.get("/v1/srs").getAsJsonArray().get(0).getAsJsonObject();
    }

    @ParameterizedTest
    @ValueSource(strings = {"ext", "xfs"})
    void itIsMountedWhileItIsAttached(String type) throws IOException {
        assertThatThrownBy(() -> create(type, false))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("has no file system");
        String sr = create(type, true);
        assertThat(mounted())
                .singleElement()
                .satisfies(mount -> assertThat(mount.source()).isEqualTo(device))
                .satisfies(mount -> assertThat(mount.options()).contains("nosuid", "nodev", "noexec"));
        createDisk(sr);
        client.post("/v1/srs/" + sr + "/detach");
        assertThat(mounted()).isEmpty();
        assertThat(mounts).isEmptyDirectory();
        attach(sr);
        assertThat(disks(sr)).isEqualTo(1);
        assertThatThrownBy(() -> create(type, true)).hasMessageContaining("is not empty");
        assertThat(mounted()).hasSize(1);
    }

    @Test
    void anotherAgentFindsTheSrByItsDevice() throws IOException {
        String sr = create("ext", true);
        assertThat(client.post("/v1/srs/probe", place("ext")).toString()).contains(sr);
        client.post("/v1/srs/" + sr + "/detach");
        client.post("/v1/srs/" + sr + "/forget");
        assertThat(client.post("/v1/srs/probe", place("ext")).toString()).contains(sr);
        assertThat(mounted()).isEmpty();
        JsonObject attached = client.post("/v1/srs/attach", place("ext")).getAsJsonObject();
        assertThat(attached.get("sr").getAsString()).isEqualTo(sr);
    }

    /** Whoever writes to a file system that several hosts share may put one there. */
    @Test
    void aLinkInThePlaceOfTheSrLeadsNowhere() throws IOException {
        String sr = create("ext", true);
        Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
        Path own = mounted().get(0).point().resolve("sr");
        client.post("/v1/srs/" + sr + "/detach");
        Path point = Files.createDirectories(directory.resolve("point"));
        Programs.run(DEADLINE, "mount", device, point.toString());
        try {
            Files.move(point.resolve("sr"), point.resolve("moved"));
            Files.createSymbolicLink(point.resolve("sr"), elsewhere);
        } finally {
            Programs.run(DEADLINE, "umount", point.toString());
        }

        assertThatThrownBy(() -> attach(sr)).isInstanceOf(SrException.class).hasMessageContaining(own + " is a link");
        assertThatThrownBy(() -> create("ext", false)).hasMessageContaining("is a link");
        assertThat(elsewhere).isEmptyDirectory();
        assertThat(mounted()).isEmpty();
    }

    @Test
    void anAgentThatIsStartedAgainMountsWhatIsNotAndNothingTwice() throws IOException {
        String sr = create("ext", true);
        createDisk(sr);
        agent.close();
        assertThat(mounted()).hasSize(1);
        start();
        assertThat(mounted()).hasSize(1);
        assertThat(disks(sr)).isEqualTo(1);
        agent.close();
        Programs.run(DEADLINE, "umount", mounted().get(0).point().toString());
        start();
        assertThat(mounted()).hasSize(1);
        assertThat(disks(sr)).isEqualTo(1);
    }

    /** The agent starts without it, writes nothing to where it was, says so, and takes it when it is there. */
    @Test
    void whatCannotBeMountedIsTriedAgain() throws Exception {
        String sr = create("ext", true);
        createDisk(sr);
        agent.close();
        Path point = mounted().get(0).point();
        Programs.run(DEADLINE, "umount", point.toString());
        Programs.run(DEADLINE, "losetup", "-d", device);
        start();
        assertThat(sr().get("attached").getAsBoolean()).isFalse();
        assertThat(sr().get("problem").getAsString()).contains("cannot be reached");
        assertThatThrownBy(() -> attach(sr)).isInstanceOf(SrException.class).hasMessageContaining("cannot be reached");
        try (Stream<Path> written = Files.walk(mounts)) {
            assertThat(written.filter(Files::isRegularFile)).isEmpty();
        }
        Programs.run(DEADLINE, "losetup", device, image().toString());
        long began = System.nanoTime();
        while (!sr().get("attached").getAsBoolean()) {
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(DEADLINE);
            Thread.sleep(100);
        }
        assertThat(disks(sr)).isEqualTo(1);
        assertThat(sr().has("problem")).isFalse();
    }

    /** Whoever unmounts it under us gets errors, not a second SR in the directory below. */
    @Test
    void nothingIsWrittenToABareMountPoint() throws Exception {
        String sr = create("ext", true);
        Path point = mounted().get(0).point();
        Programs.run(DEADLINE, "umount", "-l", point.toString());
        assertThatThrownBy(() -> createDisk(sr)).isInstanceOf(SrException.class);
        try (Stream<Path> written = Files.walk(point)) {
            assertThat(written).containsExactly(point);
        }
    }

    @Test
    void aDeviceThatHoldsSomethingIsNeverFormatted() throws IOException {
        Programs.run(DEADLINE, "mkfs.xfs", "-q", device);
        assertThatThrownBy(() -> create("ext", true))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("holds xfs");
        assertThatThrownBy(() -> create("xfs", true)).hasMessageContaining("holds xfs");
        create("xfs", false);
        assertThat(mounted()).hasSize(1);
    }
}
