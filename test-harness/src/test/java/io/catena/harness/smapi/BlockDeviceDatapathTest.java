package io.catena.harness.smapi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import io.catena.agent.linux.FuseConnection;
import io.catena.agent.linux.MountTable;
import io.catena.harness.e2e.MountedDisks;
import io.catena.harness.machine.WholeMachine;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Plugins that were installed to make disks block devices. Only root can have them. */
@Tag("slow")
@WholeMachine
final class BlockDeviceDatapathTest extends SmapiTest {
    private static final Duration DEADLINE = Duration.ofMinutes(2);
    private static final int DATA_BYTES = 8 << 20;

    private MountedDisks mounts;
    private String key;
    private Path device;

    @BeforeEach
    void makeVolume() throws IOException {
        assertTrue("root".equals(System.getProperty("user.name")), "block devices need root; run the tests as root");
        mounts = new MountedDisks(directory, agent.runDirectory());
        agent.cli("smapi", "install", "--root", directory.resolve("root").toString(), "--as", "block");
        createSr();
        key = text(createVolume("disk", 64 << 20), "key");
        device = Path.of("/dev/catena", key);
    }

    @AfterEach
    void leaveNothing() throws IOException {
        mounts.close();
        agent.kill9();
        mounts.close();
        Path blocks = agent.runDirectory().toRealPath().resolve("block");
        assertThat(MountTable.read().within(blocks, FuseConnection.TYPE)).isEmpty();
        assertThat(Files.exists(device, LinkOption.NOFOLLOW_LINKS)).isFalse();
    }

    @Test
    void attachOffersADeviceThatIsThereFromActivationToDeactivation() throws IOException {
        for (int i = 0; i < 2; i++) {
            assertThat(attach("3").toString())
                    .isEqualTo("[[\"XenDisk\",{\"params\":\"" + device + "\",\"extra\":{},\"backend_type\":\"vbd\"}],"
                            + "[\"BlockDevice\",{\"path\":\"" + device + "\"}],[\"Nbd\",{\"uri\":\"nbd:unix:"
                            + agent.runDirectory().resolve("nbd.sock") + ":exportname=" + key + "\"}]]");
        }
        assertThat(device).doesNotExist();
        for (int i = 0; i < 2; i++) {
            ok("Datapath.activate", "uri", uri(key), "domain", "3");
            assertThat(device).exists();
        }
        for (int i = 0; i < 2; i++) {
            ok("Datapath.deactivate", "uri", uri(key), "domain", "3");
            assertThat(Files.exists(device, LinkOption.NOFOLLOW_LINKS)).isFalse();
        }
        ok("Datapath.activate", "uri", uri(key), "domain", "3");
        for (int i = 0; i < 2; i++) {
            ok("Datapath.detach", "uri", uri(key), "domain", "3");
            assertThat(Files.exists(device, LinkOption.NOFOLLOW_LINKS)).isFalse();
        }
    }

    /** What dd leaves in the page cache is in the disk when the device is gone. */
    @Test
    void deactivationFlushesWhatWasWritten() throws IOException {
        byte[] data = data();
        activate("u0_dp");
        Programs.run(DEADLINE, "dd", "if=" + directory.resolve("data"), "of=" + device, "bs=1M", "conv=notrunc");
        ok("Datapath.deactivate", "uri", uri(key), "domain", "u0_dp");
        ok("Datapath.detach", "uri", uri(key), "domain", "u0_dp");

        attach("reader");
        ok("Datapath.activate_readonly", "uri", uri(key), "domain", "reader");
        try (NbdClient client = connect(key)) {
            assertThat(client.read(0, DATA_BYTES)).isEqualTo(data);
        }
        try (InputStream in = Files.newInputStream(device)) {
            assertThat(in.readNBytes(DATA_BYTES)).isEqualTo(data);
        }
        ok("Datapath.detach", "uri", uri(key), "domain", "reader");
    }

    @Test
    void aMountedFileSystemKeepsItsDeviceOverAKillOfTheAgent() throws IOException {
        byte[] data = data();
        activate("u0_dp");
        MountedDisks.format(device, MountedDisks.Kind.ext4);
        Path point = mounts.mount(device);
        Files.write(point.resolve("before"), data);
        assertThat(scripts.call("Datapath.deactivate", "uri", uri(key), "domain", "u0_dp")
                        .failure()
                        .toString())
                .contains("SR_BACKEND_FAILURE_24", "mounted at " + point);
        assertThat(device).exists();

        agent.kill9();
        agent.restart();
        ok("Datapath.activate", "uri", uri(key), "domain", "u0_dp");
        Files.write(point.resolve("after"), data);
        String snapshot = text(
                scripts.call("Volume.snapshot", "sr", SR, "key", key).result().getAsJsonObject(), "key");
        mounts.unmount(point);
        MountedDisks.check(device, MountedDisks.Kind.ext4);
        ok("Datapath.deactivate", "uri", uri(key), "domain", "u0_dp");

        activate("7");
        Path again = mounts.mount(device);
        assertThat(Files.readAllBytes(again.resolve("before"))).isEqualTo(data);
        assertThat(Files.readAllBytes(again.resolve("after"))).isEqualTo(data);
        mounts.unmount(again);
        ok("Datapath.detach", "uri", uri(key), "domain", "7");
        ok("Datapath.detach", "uri", uri(key), "domain", "u0_dp");
        ok("Volume.destroy", "sr", SR, "key", snapshot);
    }

    @Test
    void aDeviceOfManyReadersGoesWithTheLast() throws IOException {
        for (String domain : new String[] {"4", "5"}) {
            attach(domain);
            ok("Datapath.activate_readonly", "uri", uri(key), "domain", domain);
        }
        assertThat(Programs.run(DEADLINE, "blockdev", "--getro", device.toString())
                        .stdout())
                .startsWith("1");
        ok("Datapath.detach", "uri", uri(key), "domain", "4");
        assertThat(device).exists();
        ok("Datapath.detach", "uri", uri(key), "domain", "5");
        assertThat(device).doesNotExist();
    }

    private byte[] data() throws IOException {
        byte[] data = new byte[DATA_BYTES];
        new Random(1).nextBytes(data);
        Files.write(directory.resolve("data"), data);
        return data;
    }

    private JsonArray attach(String domain) throws IOException {
        return scripts.call("Datapath.attach", "uri", uri(key), "domain", domain)
                .result()
                .getAsJsonObject()
                .getAsJsonArray("implementations");
    }

    private void activate(String domain) throws IOException {
        attach(domain);
        ok("Datapath.activate", "uri", uri(key), "domain", domain);
    }
}
