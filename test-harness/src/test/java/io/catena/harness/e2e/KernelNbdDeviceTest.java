package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.catena.harness.guest.AgentDisk;
import io.catena.harness.guest.GuestImage;
import io.catena.harness.guest.LibvirtDaemon;
import io.catena.harness.guest.RunningGuest;
import io.catena.harness.machine.WholeMachine;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Disks as NBD devices of the kernel: an agent inside a guest with Debian's kernel, which has the module. The guest is
 * emulated, and so is slow; the tests go on with one agent and its SR.
 */
@Timeout(900)
@Tag("slow")
@WholeMachine
final class KernelNbdDeviceTest {
    private static final Duration DEADLINE = Duration.ofMinutes(4);
    private static final long DISK_BYTES = 256 << 20;

    /** Not JUnit's: sockets need a short path. */
    private static Path directory;

    private static LibvirtDaemon libvirt;
    private static RunningGuest guest;
    private static AgentDisk disk;
    private static GuestAgent agent;
    private static String sr;

    @BeforeAll
    static void start() throws IOException {
        directory = Files.createTempDirectory("kd");
        GuestImage image = GuestImage.buildWithNbd(directory.resolve("image"));
        disk = AgentDisk.build(directory, Path.of(System.getProperty("catena.home")));
        libvirt = LibvirtDaemon.start(directory.resolve("v"));
        guest = RunningGuest.direct(libvirt.uri(), "device", image, disk.element(), directory);
        agent = new GuestAgent(guest, disk);
        agent.start();
        sr = text(agent.request("POST", "srs", "{\"name\":\"main\",\"path\":\"/run/sr\"}"), "sr");
    }

    @AfterAll
    static void end() throws IOException {
        try (LibvirtDaemon ending = libvirt;
                RunningGuest leaving = guest) {
            assertThat(ending == null || leaving == null)
                    .as("nothing was started")
                    .isFalse();
        } finally {
            Programs.run(DEADLINE, "rm", "-rf", directory.toString());
        }
    }

    @Test
    void aFileSystemGoesOnAfterAKillOfTheAgentAndGrows() throws IOException {
        String vdi = createVdi();
        assertThat(attach(vdi, "rw")).isEqualTo("/dev/nbd0");
        assertThat(guest.run("cd /sys/block/nbd0; cat size queue/logical_block_size queue/physical_block_size"))
                .isEqualTo(DISK_BYTES / 512 + "\n512\n512");
        run("mke2fs", "-q -t ext4 -E lazy_itable_init=0 /dev/nbd0");
        guest.run("mkdir -p /disk && mount -t ext4 /dev/nbd0 /disk");
        guest.run("dd if=/dev/urandom of=/run/source bs=1M count=24 2>/dev/null && cp /run/source /disk/gone && sync");

        guest.run(background("dd if=/run/source of=/disk/kept bs=64k conv=fsync; echo written", "/run/writer"));
        guest.run("until [ -s /disk/kept ]; do usleep 10000; done");
        agent.kill();
        assertThat(guest.run("cat /run/writer")).doesNotContain("written");
        agent.start();
        guest.run("until grep written /run/writer; do usleep 100000; done");

        long full = physicalBytes(vdi);
        guest.run("rm /disk/gone && sync");
        run("fstrim", "/disk");
        guest.run("touch /disk/kept && sync");
        assertThat(physicalBytes(vdi)).isLessThan(full - (16 << 20));
        guest.run("umount /disk; echo 3 >/proc/sys/vm/drop_caches; mount -t ext4 /dev/nbd0 /disk");
        guest.run("cmp /run/source /disk/kept && umount /disk");
        run("e2fsck", "-fn /dev/nbd0");

        agent.request("POST", "vdis/" + vdi + "/resize", "{\"sizeBytes\":" + 2 * DISK_BYTES + "}");
        assertThat(guest.run("blockdev --getsize64 /dev/nbd0")).isEqualTo(Long.toString(2 * DISK_BYTES));
        guest.run("dd if=/run/source of=/dev/nbd0 bs=1M seek=480 conv=fsync 2>/dev/null");
        detach(vdi);
        assertThat(devices()).isEmpty();
    }

    @Test
    void aDeviceInUseIsNotTakenAwayAndAReadOnlyOneIsNotWritten() throws IOException {
        String vdi = createVdi();
        String device = attach(vdi, "ro");
        assertThat(guest.run("blockdev --getro " + device)).isEqualTo("1");

        guest.run(background("exec sleep 100 <" + device, "/run/user"));
        JsonObject refused =
                agent.request("POST", "vdis/" + vdi + "/detach", "").getAsJsonObject("error");
        assertThat(text(refused, "code")).isEqualTo("VDI_IN_USE");
        assertThat(text(refused, "message")).contains(device + " is in use: open in process", "(sleep)");
        guest.run("killall sleep");
        detach(vdi);
        assertThat(devices()).isEmpty();
    }

    @Test
    void aDeviceStaysWhenTheAgentEndsAndGoesIfItsDiskIsNotWantedAnyMore() throws IOException {
        String vdi = createVdi();
        attach(vdi, "rw");
        agent.end();
        assertThat(devices()).endsWith("/" + vdi);

        guest.run("sed -i 's/\"vdis\":\\[.*]}]}/\"vdis\":[]}]}/' /run/catena/state.json");
        agent.start();

        assertThat(devices()).isEmpty();
        assertThat(text(agent.request("GET", "vdis/" + vdi, ""), "state")).isEqualTo("detached");
    }

    private static String createVdi() throws IOException {
        return text(
                agent.request("POST", "srs/" + sr + "/vdis", "{\"name\":\"disk\",\"sizeBytes\":" + DISK_BYTES + "}"),
                "vdi");
    }

    private static String attach(String vdi, String mode) throws IOException {
        String body = "{\"mode\":\"" + mode + "\",\"as\":\"block\"}";
        return text(agent.request("POST", "vdis/" + vdi + "/attach", body), "device");
    }

    private static void detach(String vdi) throws IOException {
        assertThat(agent.request("POST", "vdis/" + vdi + "/detach", "").has("error"))
                .isFalse();
    }

    private static long physicalBytes(String vdi) throws IOException {
        return agent.request("GET", "vdis/" + vdi, "").get("physicalBytes").getAsLong();
    }

    /** Returns what the devices are known by that the kernel has. */
    private static String devices() throws IOException {
        return guest.run("cat /sys/block/nbd*/backend 2>/dev/null || true");
    }

    private static void run(String program, String arguments) throws IOException {
        guest.run(disk.environment() + disk.program(program) + " " + arguments, DEADLINE);
    }

    private static String background(String script, String output) {
        return "(" + script + ") >" + output + " 2>&1 &";
    }

    private static String text(JsonObject object, String member) throws IOException {
        if (!object.has(member)) {
            throw new IOException("no \"" + member + "\" in " + object + "\nlog of the agent:\n" + agent.log());
        }
        return object.get(member).getAsString();
    }
}
