package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.guest.GuestImage;
import io.catena.harness.guest.LibvirtDaemon;
import io.catena.harness.guest.RunningGuest;
import io.catena.harness.machine.WholeMachine;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Linux's own NBD client against a real agent, over TCP: a guest with Debian's kernel, which has the module, and a file
 * system on what is {@code /dev/nbd0} there.
 */
@Timeout(600)
@Tag("slow")
@WholeMachine
final class KernelNbdTest {
    private static final Duration DEADLINE = Duration.ofMinutes(3);
    private static final int DIGEST_CHARS = 64;
    private static final String FREE_BLOCKS = "stat -f -c %f /disk";

    /** What a file system may need for itself meanwhile, of 4 KiB each. */
    private static final int SOME_BLOCKS = 256;

    /** Not JUnit's: sockets need a short path. */
    private static Path directory;

    private static int port;
    private static LibvirtDaemon libvirt;
    private static LiveAgent agent;
    private static MountedDisks mounts;
    private static RunningGuest guest;
    private static String sr;

    @BeforeAll
    static void start() throws IOException {
        directory = Files.createTempDirectory("kn");
        port = freePort();
        GuestImage image = GuestImage.buildWithNbd(directory.resolve("image"));
        libvirt = LibvirtDaemon.start(directory.resolve("v"));
        agent = LiveAgent.start(
                directory.resolve("run"), "--libvirt", "none", "--nbd-plain-tcp", "--nbd-listen", "127.0.0.1:" + port);
        mounts = new MountedDisks(directory, directory.resolve("run"));
        sr = agent.createSr("main", directory.resolve("sr"));
        guest = RunningGuest.direct(libvirt.uri(), "kernel", image, GuestImage.NETWORK, directory);
        guest.run("ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up");
    }

    @AfterAll
    static void end() throws IOException {
        for (AutoCloseable part : new AutoCloseable[] {guest, libvirt, mounts, agent}) {
            close(part);
        }
        if (directory != null) {
            Programs.run(DEADLINE, "rm", "-rf", directory.toString());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFileSystemOfTheKernelsClientIsWholeInTheFiles(MountedDisks.Kind kind) throws Exception {
        String vdi = agent.createVdi(sr, kind.name(), 512 << 20);
        agent.attach(vdi);
        // Two connections: what one has written and flushed, the other has to see.
        guest.run("/usr/bin/nbd-client 10.0.2.2 " + port + " /dev/nbd0 -N " + vdi + " -C 2 </dev/null >/tmp/nbd 2>&1");
        assertThat(guest.run("blockdev --getsize64 /dev/nbd0")).isEqualTo(Long.toString(512 << 20));
        guest.run(
                switch (kind) {
                    case ext4 -> "/usr/bin/mke2fs -q -t ext4 -E lazy_itable_init=0 /dev/nbd0";
                    case xfs -> "/usr/bin/mkfs.xfs -q /dev/nbd0";
                });
        guest.run("mkdir -p /disk && mount -t " + kind + " /dev/nbd0 /disk");
        String old = written("old", 12);
        String snapshot = agent.snapshot(vdi);
        String kept = written("kept", 8);
        long freeBlocks = Long.parseLong(guest.run(FREE_BLOCKS));
        written("gone", 16);

        long full = agent.vdi(vdi).get("physicalBytes").getAsLong();
        // What a discard gave up is free when a flush has followed.
        guest.run("rm /disk/gone");
        awaitFreeBlocks(freeBlocks - SOME_BLOCKS);
        guest.run("sync && fstrim /disk && touch /disk/new && sync");
        assertThat(agent.vdi(vdi).get("physicalBytes").getAsLong()).isLessThan(full - (12 << 20));

        guest.run("umount /disk; echo 3 >/proc/sys/vm/drop_caches; mount -t " + kind + " /dev/nbd0 /disk");
        assertThat(digest("old")).isEqualTo(old);
        assertThat(digest("kept")).isEqualTo(kept);
        guest.run("umount /disk");
        guest.run(
                switch (kind) {
                    case ext4 -> "/usr/bin/e2fsck -fn /dev/nbd0";
                    case xfs -> "/usr/bin/xfs_repair -n /dev/nbd0";
                });
        String start = guest.run("dd if=/dev/nbd0 bs=1M count=24 2>/dev/null | sha256sum")
                .substring(0, DIGEST_CHARS);
        guest.run("/usr/bin/nbd-client -d /dev/nbd0 </dev/null >/tmp/nbd 2>&1");
        agent.detach(vdi);

        Path raw = raw(vdi);
        MountedDisks.check(raw, kind);
        assertThat(sha256OfStart(vdi, 24 << 20)).isEqualTo(start);
        Path point = mounts.mount(raw);
        assertThat(Digests.sha256(point.resolve("old"))).isEqualTo(old);
        assertThat(Digests.sha256(point.resolve("kept"))).isEqualTo(kept);
        assertThat(point.resolve("gone")).doesNotExist();
        mounts.unmount(point);
        agent.destroy(snapshot);
    }

    /** XFS gives up what a file had some time after it was removed, and no sync waits for that. */
    private static void awaitFreeBlocks(long least) throws IOException {
        guest.run("until [ $(" + FREE_BLOCKS + ") -ge " + least + " ]; do sleep 1; done");
    }

    /** Writes a file of random data in the guest, durably, and returns its digest. */
    private static String written(String name, int mebibytes) throws IOException {
        guest.run("dd if=/dev/urandom of=/disk/" + name + " bs=1M count=" + mebibytes + " 2>/dev/null && sync");
        return digest(name);
    }

    private static String digest(String name) throws IOException {
        return guest.run("sha256sum /disk/" + name).substring(0, DIGEST_CHARS);
    }

    /** Returns the disk's content in a file, taken out of its chain without the agent. */
    private static Path raw(String vdi) throws IOException {
        Path raw = directory.resolve(vdi + ".raw");
        Programs.run(DEADLINE, catena(), "vhd", "convert", file(vdi), raw.toString(), "--to", "raw");
        return raw;
    }

    private static String sha256OfStart(String vdi, long lengthBytes) throws IOException {
        String read = catena() + " vhd read " + file(vdi) + " --length " + lengthBytes + " | sha256sum";
        return Programs.run(DEADLINE, "sh", "-c", read).stdout().substring(0, DIGEST_CHARS);
    }

    private static String file(String vdi) {
        return directory.resolve("sr/" + vdi + ".vhd").toString();
    }

    private static String catena() {
        return Path.of(System.getProperty("catena.home"))
                .resolve("host-agent/bin/catena")
                .toString();
    }

    /** Somebody may take it until the agent does; then the agent says so. */
    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static void close(AutoCloseable part) throws IOException {
        try {
            if (part != null) {
                part.close();
            }
        } catch (Exception e) { // what AutoCloseable declares
            throw new IOException("cannot end " + part, e);
        }
    }
}
