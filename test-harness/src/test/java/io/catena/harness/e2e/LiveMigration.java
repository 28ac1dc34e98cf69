package io.catena.harness.e2e;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.nbd.client.NbdDisk;
import io.catena.api.SrException;
import io.catena.harness.guest.GuestImage;
import io.catena.harness.guest.LibvirtDaemon;
import io.catena.harness.guest.RunningGuest;
import io.catena.harness.peer.Programs;
import io.catena.harness.peer.TestCertificates;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A real guest that writes all the time moves between two libvirt daemons, {@code virsh migrate --live}, and its disk with it: from
 * the agent that has the SR to one that follows, and back. It also tells how long a disk is nobody's while it changes hosts.
 */
@Tag("slow")
class LiveMigration {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Duration LONGEST_HAND_OVER = Duration.ofSeconds(5);
    private static final long DISK_BYTES = 64 << 20;
    private static final String GUEST = "mover";
    private static final String HOLDER = "guest";
    private static final int SECTOR = 512;
    private static final int SLOTS = 1000;
    private static final int WARM_UP = 20;
    private static final int MEASURED = 50;

    private final Deque<AutoCloseable> running = new ArrayDeque<>();
    private Path directory;
    private Host first;
    private Host second;
    private String disk;

    /** A host: an agent, a libvirt daemon, and a directory for the guests' sockets. */
    private record Host(PoolHost pool, LibvirtDaemon libvirt, Path guests) {
        void ask(String what, String vdi) {
            pool.ask(what, vdi, HOLDER);
        }

        Path socket() {
            return pool.agent().process().runDirectory().resolve("nbd.sock");
        }

        Path placeholder() {
            return guests.resolve("placeholder.raw");
        }

        void qemu(String command) throws IOException {
            assertThat(libvirt.virsh("qemu-monitor-command", GUEST, command)).contains("\"return\":{}");
        }
    }

    @BeforeEach
    void startHosts() throws IOException {
        directory = Files.createTempDirectory("lm"); // not JUnit's: sockets need a short path
        TestCertificates certificates = new TestCertificates(directory.resolve("pki"));
        first = start("hosta", "hostb", certificates);
        second = start("hostb", "hosta", certificates);
        LiveAgent agent = first.pool().agent();
        Path path = directory.resolve("sr");
        String sr = agent.createSr("pool", path);
        agent.detachSr(sr);
        agent.process().cli("sr", "share", path.toString(), "--coordination", "files");
        for (Host host : List.of(first, second)) {
            host.pool().agent().process().cli("sr", "attach", path.toString());
        }
        disk = agent.createVdi(sr, "disk", DISK_BYTES);
    }

    private Host start(String name, String other, TestCertificates certificates) throws IOException {
        Path guests = Files.createDirectory(directory.resolve(name));
        PoolHost pool =
                PoolHost.start(Files.createDirectory(guests.resolve("run")), certificates, name, List.of(other));
        running.push(pool);
        LibvirtDaemon libvirt = LibvirtDaemon.start(guests.resolve("v"));
        running.push(libvirt);
        return new Host(pool, libvirt, guests);
    }

    @AfterEach
    void endHosts() throws Exception {
        try {
            while (!running.isEmpty()) {
                running.pop().close();
            }
        } finally {
            Programs.run(PATIENCE, "rm", "-rf", directory.toString());
        }
    }

    @Test
    void aGuestMovesWithItsDiskAndLosesNothing() throws Exception {
        GuestImage image = GuestImage.build(directory.resolve("image"));
        first.pool().attachInactive(disk, HOLDER);
        first.ask("activate", disk);
        RunningGuest guest =
                RunningGuest.direct(first.libvirt().uri(), GUEST, image, served(first.socket()), first.guests());
        running.push(guest);
        startWriting(guest);
        guest = move(guest, first, second);
        guest = move(guest, second, first);
        long answered = stopWriting(guest);
        first.libvirt().virsh("destroy", GUEST);
        System.out.printf(Locale.ROOT, "%d writes answered, 0 lost%n", answered);
        check(answered);
        first.ask("detach", disk);
        first.pool().agent().process().cli("sr", "check", "pool");
    }

    private String served(Path socket) {
        return "<disk type='network' device='disk'><driver name='qemu' type='raw' cache='none' error_policy='stop'"
                + " rerror_policy='stop'/><source protocol='nbd' name='" + disk + "' tls='no'>"
                + "<host transport='unix' socket='" + socket + "'/></source><target dev='vda' bus='virtio'/></disk>";
    }

    /**
     * Moves the guest.
     *
     * <ol>
     *   <li>Attach the disk at the target, where it cannot be activated yet.
     *   <li>Migrate. QEMU opens a guest's disks when it starts, so that it starts with a placeholder there.
     *   <li>The guest stands still at the target, and has stopped at the source: hand the disk over.
     *   <li>Put it in the place of the placeholder, and let the guest go on.
     *   <li>Detach the disk at the source.
     * </ol>
     */
    private RunningGuest move(RunningGuest guest, Host source, Host target) throws Exception {
        long before = awaitWrites(guest, 50);
        target.pool().attachInactive(disk, HOLDER);
        assertThatThrownBy(() -> target.ask("activate", disk)).isInstanceOf(SrException.class);
        Path definition = definitionAt(source, target);
        source.libvirt().migrate(GUEST, target.libvirt(), definition);
        running.remove(guest);
        guest.close();

        long stopped = System.nanoTime();
        source.ask("deactivate", disk);
        target.ask("activate", disk);
        long activated = System.nanoTime();
        target.qemu(
                "{\"execute\":\"blockdev-add\",\"arguments\":{\"driver\":\"nbd\",\"node-name\":\"served\",\"export\":\""
                        + disk + "\",\"cache\":{\"direct\":true},\"server\":{\"type\":\"unix\",\"path\":\""
                        + target.socket()
                        + "\"}}}");
        target.qemu("{\"execute\":\"blockdev-reopen\",\"arguments\":{\"options\":[{\"driver\":\"raw\",\"node-name\":"
                + "\"libvirt-1-format\",\"file\":\"served\",\"cache\":{\"direct\":true}}]}}");
        target.libvirt().virsh("resume", GUEST);
        long resumed = System.nanoTime();
        source.ask("detach", disk);

        System.out.printf(
                Locale.ROOT,
                "migrated: disk handed over in %d ms, guest resumed after %d ms%n",
                millis(activated - stopped),
                millis(resumed - stopped));
        assertThat(Duration.ofNanos(activated - stopped)).isLessThan(LONGEST_HAND_OVER);
        RunningGuest arrived = RunningGuest.arrived(GUEST, target.guests());
        running.push(arrived);
        assertThat(awaitWrites(arrived, 50)).isGreaterThan(before);
        return arrived;
    }

    private static long millis(long nanos) {
        return Duration.ofNanos(nanos).toMillis();
    }

    /** Returns a file with the guest's definition as it is to be at the target. */
    private static Path definitionAt(Host source, Host target) throws IOException {
        Programs.run(
                PATIENCE,
                "truncate",
                "-s",
                Long.toString(DISK_BYTES),
                target.placeholder().toString());
        String placeholder = "<source file='" + target.placeholder() + "'/>";
        String xml = source.libvirt()
                .virsh("dumpxml", "--migratable", GUEST)
                .replaceAll("(?s)<source protocol='nbd'.*?</source>", placeholder)
                .replace("<disk type='network'", "<disk type='file'")
                .replace(source.guests().toString(), target.guests().toString());
        return Files.writeString(target.guests().resolve("definition.xml"), xml, UTF_8);
    }

    /** Writes numbered sectors, of which each second is flushed, and counts those that were answered. */
    private static void startWriting(RunningGuest guest) throws IOException {
        guest.run("n=0; while [ ! -e /dev/vda ] && [ $n -lt 300 ]; do n=$((n + 1)); usleep 100000; done\n"
                + "rm -f /run/stop; echo 0 >/run/answered; : >/run/errors\n"
                + "(n=0; while [ ! -e /run/stop ]; do n=$((n + 1)); how=oflag=direct; [ $((n % 2)) = 0 ] && how=conv=fsync\n"
                + "printf '%-512s' $n | dd of=/dev/vda bs=512 seek=$((n % " + SLOTS + ")) $how 2>>/run/dd"
                + " || echo failed $n >>/run/errors\n"
                + "echo $n >/run/counting; mv /run/counting /run/answered; usleep 5000\n"
                + "done; : >/run/stopped) >/dev/null 2>&1 </dev/null &");
    }

    private static long awaitWrites(RunningGuest guest, int more) throws IOException {
        return Long.parseLong(guest.run("n=$(($(cat /run/answered) + " + more + "))\n"
                + "while [ $(cat /run/answered) -lt $n ]; do usleep 20000; done; cat /run/answered"));
    }

    /** Returns how many writes were answered. */
    private static long stopWriting(RunningGuest guest) throws IOException {
        guest.run(": >/run/stop; while [ ! -e /run/stopped ]; do usleep 20000; done");
        assertThat(guest.run("cat /run/errors")).isEmpty();
        return Long.parseLong(guest.run("cat /run/answered"));
    }

    private void check(long answered) throws IOException {
        try (NbdDisk served = NbdDisk.connect(uriAt(first), PATIENCE)) {
            for (long n = Math.max(1, answered - SLOTS + 1); n <= answered; n++) {
                ByteBuffer sector = ByteBuffer.allocate(SECTOR);
                served.read(n % SLOTS * SECTOR, sector);
                assertThat(US_ASCII.decode(sector.flip()).toString().strip()).isEqualTo(Long.toString(n));
            }
        }
    }

    private String uriAt(Host host) {
        return LiveAgent.id(host.pool().agent().vdi(disk).get("export").getAsJsonObject(), "uri");
    }

    /** From the request to deactivate it, with an answered write that is to be flushed, to the answer of a read at the other host. */
    @Test
    void aDiskIsNobodysForAMoment() throws Exception {
        for (Host host : List.of(first, second)) {
            host.pool().attachInactive(disk, HOLDER);
        }
        first.ask("activate", disk);
        List<Long> there = new ArrayList<>();
        List<Long> back = new ArrayList<>();
        for (int i = 0; i < WARM_UP + MEASURED; i += 2) {
            there.add(handOver(i, first, second));
            back.add(handOver(i + 1, second, first));
        }
        Duration longest = report("to the follower", there);
        assertThat(longest).isLessThan(LONGEST_HAND_OVER);
        assertThat(report("from the follower", back)).isLessThan(LONGEST_HAND_OVER);
    }

    /** Returns for how many microseconds nobody could read. */
    private long handOver(int number, Host from, Host to) throws IOException {
        ByteBuffer written = ByteBuffer.allocate(SECTOR).putInt(0, number);
        try (NbdDisk served = NbdDisk.connect(uriAt(from), PATIENCE)) {
            served.write(0, written.duplicate());
        }
        String uri = "nbd+unix:///" + disk + "?socket=" + to.socket();
        ByteBuffer read = ByteBuffer.allocate(SECTOR);
        long begun = System.nanoTime();
        from.ask("deactivate", disk);
        to.ask("activate", disk);
        try (NbdDisk served = NbdDisk.connect(uri, PATIENCE)) {
            served.read(0, read);
        }
        long micros = (System.nanoTime() - begun) / 1000;
        assertThat(read.flip()).isEqualTo(written);
        return micros;
    }

    /** Returns the longest. */
    private static Duration report(String where, List<Long> micros) {
        List<Long> measured = micros.stream().skip(WARM_UP / 2).sorted().toList();
        long longest = measured.get(measured.size() - 1);
        System.out.printf(
                Locale.ROOT,
                "handed over %s %d times: p50 %.1f ms, longest %.1f ms%n",
                where,
                measured.size(),
                measured.get(measured.size() / 2) / 1e3,
                longest / 1e3);
        return Duration.ofNanos(longest * 1000);
    }
}
