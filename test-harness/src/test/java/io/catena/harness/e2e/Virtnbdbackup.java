package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import io.catena.harness.guest.GuestImage;
import io.catena.harness.guest.LibvirtDaemon;
import io.catena.harness.guest.RunningGuest;
import io.catena.harness.peer.NbdCopy;
import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What virtnbdbackup and libvirt's backup interface, which it drives, can do with a disk of a running guest. Not run with all
 * tests, for a guest takes long to boot: {@code e2e virtnbdbackup}.
 */
@Timeout(1200)
@Tag("slow")
final class Virtnbdbackup {
    private static final Duration DEADLINE = Duration.ofMinutes(5);
    private static final String GUEST = "guest";

    /** It wants a name and a password for each address that is not libvirt's usual one; this libvirtd asks for none. */
    private static final String NOBODY = "nobody";

    private static final String SCRIPT = "virtnbdbackup-of-snapshot.py";

    /** Not JUnit's: sockets need a short path. */
    private Path directory;

    @BeforeEach
    void makeDirectory() throws IOException {
        for (String program : new String[] {"virtnbdbackup", "virtnbdrestore", "python3", "qemu-img"}) {
            Programs.require(program);
        }
        directory = Files.createTempDirectory("vn");
    }

    @AfterEach
    void removeDirectory() throws IOException {
        Programs.run(DEADLINE, "rm", "-rf", directory.toString());
    }

    @Test
    void aGuestsDiskIsBackedUpWholeAndByChangesAndRestored() throws Exception {
        GuestImage image = GuestImage.build(directory.resolve("image"));
        try (LibvirtDaemon libvirt = LibvirtDaemon.start(directory.resolve("v"));
                LiveAgent agent = LiveAgent.start(directory.resolve("run"), "--libvirt", libvirt.uri());
                RunningGuest guest = RunningGuest.direct(libvirt.uri(), GUEST, image, directory)) {
            agent.createSr("main", directory.resolve("sr"));
            String disk = agent.createVdi("main", "disk", 64 << 20);
            cli(agent, "libvirt", "attach", disk, GUEST, "--target", "vdb");
            write(guest, 0, 8);

            itRefusesDisksOfTheNetwork(libvirt);
            String monday = snapshot(agent, "monday");
            libvirtsBackupHasTheDiskAsItIs(libvirt, content(agent, monday));
            write(guest, 6, 4);
            guest.run("dd if=/dev/zero of=/dev/vda bs=1M count=1 seek=2 conv=fsync 2>/dev/null");
            String tuesday = snapshot(agent, "tuesday");
            itsCodeBacksUpSnapshots(libvirt, agent, monday, tuesday);
        }
    }

    private static void write(RunningGuest guest, int mebibyte, int count) throws IOException {
        guest.run("n=0; while [ ! -e /dev/vda ] && [ $n -lt 300 ]; do n=$((n + 1)); usleep 100000; done\n"
                + "dd if=/dev/urandom of=/dev/vda bs=1M seek=" + mebibyte + " count=" + count
                + " conv=fsync 2>/dev/null");
    }

    /** The day it takes them, what is told of it in KVM.md is out of date. */
    private void itRefusesDisksOfTheNetwork(LibvirtDaemon libvirt) throws IOException {
        Outcome refused = Programs.tryRun(
                DEADLINE,
                "virtnbdbackup",
                "-U",
                libvirt.uri(),
                "--user",
                NOBODY,
                "--password",
                NOBODY,
                "-d",
                GUEST,
                "-l",
                "copy",
                "--raw",
                "-o",
                directory.resolve("refused").toString());
        assertThat(refused.exitCode()).as("%s", refused).isEqualTo(1);
        assertThat(refused.stdout() + refused.stderr()).contains("Unable to detect disk volume type for disk");
    }

    /** Whole; it has no checkpoints for raw disks. */
    private void libvirtsBackupHasTheDiskAsItIs(LibvirtDaemon libvirt, Path expected) throws IOException {
        Path socket = directory.resolve("b.sock");
        Path job = Files.writeString(
                directory.resolve("backup.xml"),
                "<domainbackup mode='pull'><server transport='unix' socket='" + socket + "'/><disks><disk name='vdb'"
                        + " type='file' exportname='vdb'><scratch file='" + directory.resolve("scratch")
                        + "'/></disk></disks></domainbackup>");
        Path checkpoint = Files.writeString(
                directory.resolve("checkpoint.xml"),
                "<domaincheckpoint><name>one</name><disks><disk name='vdb' checkpoint='bitmap'/></disks></domaincheckpoint>");
        assertThat(Programs.tryRun(
                                DEADLINE,
                                "virsh",
                                "-c",
                                libvirt.uri(),
                                "backup-begin",
                                GUEST,
                                job.toString(),
                                checkpoint.toString())
                        .stderr())
                .contains("unsupported for storage type raw");
        libvirt.virsh("backup-begin", GUEST, job.toString());
        Path copy = directory.resolve("libvirt.raw");
        NbdCopy.toFile("nbd+unix:///vdb?socket=" + socket, copy, DEADLINE);
        libvirt.virsh("domjobabort", GUEST);
        assertThat(Files.mismatch(copy, expected)).isEqualTo(-1);
    }

    private void itsCodeBacksUpSnapshots(LibvirtDaemon libvirt, LiveAgent agent, String monday, String tuesday)
            throws IOException {
        Path script = directory.resolve(SCRIPT);
        try (InputStream in = Objects.requireNonNull(Virtnbdbackup.class.getResourceAsStream(SCRIPT), SCRIPT)) {
            Files.copy(in, script);
        }
        Path backup = Files.createDirectory(directory.resolve("backup"));
        for (String[] step : new String[][] {{monday, "0"}, {tuesday, "1", monday}}) {
            agent.attachReadOnly(step[0]);
            String base = step.length > 2 ? " " + step[2] : "";
            Programs.run(
                    DEADLINE,
                    "sh",
                    "-c",
                    "/usr/bin/python3 '" + script + "' '" + agent.nbdSocket() + "' " + step[0] + " '" + backup + "' "
                            + step[1] + base);
            agent.detach(step[0]);
        }
        assertThat(Files.size(backup.resolve("vdb.inc.virtnbdbackup.1.data")))
                .as("only what changed: 4 MiB that were written, 1 MiB of zeros")
                .isBetween(5L << 20, 6L << 20);
        assertThat(Files.mismatch(restored(libvirt, backup, "virtnbdbackup.0"), content(agent, monday)))
                .isEqualTo(-1);
        assertThat(Files.mismatch(restored(libvirt, backup, "virtnbdbackup.1"), content(agent, tuesday)))
                .isEqualTo(-1);
    }

    private Path restored(LibvirtDaemon libvirt, Path backup, String until) throws IOException {
        Path target = directory.resolve("restored." + until);
        Programs.run(
                DEADLINE,
                "virtnbdrestore",
                "-U",
                libvirt.uri(),
                "--user",
                NOBODY,
                "--password",
                NOBODY,
                "-i",
                backup.toString(),
                "-o",
                target.toString(),
                "--until",
                until);
        Path raw = target.resolve("vdb.raw");
        Programs.run(
                DEADLINE,
                "qemu-img",
                "convert",
                "-O",
                "raw",
                target.resolve("vdb.qcow2").toString(),
                raw.toString());
        return raw;
    }

    private static String snapshot(LiveAgent agent, String name) throws IOException {
        JsonElement taken = cli(agent, "libvirt", "snapshot", GUEST, "--name", name);
        return LiveAgent.id(taken.getAsJsonObject().getAsJsonArray("snapshots").get(0), "vdi");
    }

    private Path content(LiveAgent agent, String vdi) throws IOException {
        Path raw = directory.resolve(vdi + ".raw");
        if (!Files.exists(raw)) {
            cli(agent, "vdi", "export", vdi, "--output", raw.toString());
        }
        return raw;
    }

    private static JsonElement cli(LiveAgent agent, String... arguments) throws IOException {
        return agent.process().cli(arguments).json();
    }
}
