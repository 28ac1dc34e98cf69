package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.harness.guest.GuestImage;
import io.catena.harness.guest.LibvirtDaemon;
import io.catena.harness.guest.RunningGuest;
import io.catena.harness.machine.WholeMachine;
import io.catena.harness.peer.Fixtures;
import io.catena.harness.peer.NbdCopy;
import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/**
 * Real guests with disks of a real agent, which is killed, and a libvirtd, which is, too. Guests take long to boot, so
 * there are two for all tests, which build on each other and run in order.
 */
@TestMethodOrder(OrderAnnotation.class)
@Timeout(1200)
@Tag("slow")
@WholeMachine
final class LibvirtTest {
    private static final Duration DEADLINE = Duration.ofMinutes(3);
    private static final String FIRST = "first";
    private static final String SECOND = "second";

    /** Not JUnit's: sockets need a short path. */
    private static Path directory;

    private static LibvirtDaemon libvirt;
    private static LiveAgent agent;
    private static GuestImage image;

    @SuppressWarnings("NullAway.Init") // by the test that comes first
    private static RunningGuest first;

    @SuppressWarnings("NullAway.Init") // by the test that comes first
    private static RunningGuest second;

    /** The SR of the disks below. */
    private static String sr;

    private static String data;

    @SuppressWarnings("NullAway.Init") // by the test that comes first
    private static String clone;

    @BeforeAll
    static void start() throws IOException {
        directory = Files.createTempDirectory("lv");
        image = GuestImage.build(directory.resolve("image"));
        libvirt = LibvirtDaemon.start(directory.resolve("v"));
        agent = LiveAgent.start(directory.resolve("run"), "--libvirt", libvirt.uri());
        sr = agent.createSr("main", directory.resolve("sr"));
        data = newDisk("data");
    }

    @AfterAll
    static void end() throws IOException {
        for (AutoCloseable part : new AutoCloseable[] {first, second, libvirt, agent}) {
            close(part);
        }
        if (directory != null) {
            Programs.run(DEADLINE, "rm", "-rf", directory.toString());
        }
    }

    @Test
    @Order(1)
    void aGuestBootsFromAChainThatXenServersToolsLeft() throws Exception {
        AdoptedBootChain chain = AdoptedBootChain.make(image.disk(), directory.resolve("xen"));
        String xen = agent.attachSr(chain.directory());
        assertThat(agent.vdi(chain.leaf()).get("depth").getAsInt()).isEqualTo(3);
        agent.attach(chain.leaf());
        String disk = cli("libvirt", "xml", chain.leaf(), "--target", "vda")
                .getAsJsonObject()
                .get("xml")
                .getAsString();
        first = RunningGuest.boot(libvirt.uri(), FIRST, disk, directory);

        assertThat(first.run("cat /proc/cmdline")).contains("BOOT_IMAGE=/vmlinuz");
        assertThat(first.run("mount -o ro /dev/vda1 /mnt && sha256sum /mnt/vmlinuz; umount /mnt"))
                .startsWith(Digests.sha256(image.kernel()));
        first.run("/usr/bin/mke2fs -q -t ext4 /dev/vda2 && mkdir -p /root && mount /dev/vda2 /root"
                + " && echo written > /root/hello && sync");
        assertThat(agent.vdis(xen)).extracting(vdi -> LiveAgent.id(vdi, "vdi")).contains(chain.leaf());
        assertThat(disks(FIRST)).containsExactly(chain.leaf() + " vda rw");
    }

    @Test
    @Order(2)
    void aGuestReadsAFixtureAsItsMakerWroteIt() throws Exception {
        Fixtures fixtures = Fixtures.unpack(Files.createDirectory(directory.resolve("fixtures")));
        String xen = agent.attachSr(fixtures.get("chain3").directory());
        String leaf = LiveAgent.id(agent.vdi(xen, "leaf"), "vdi");
        cli("libvirt", "attach", leaf, FIRST, "--read-only", "--target", "vdz");
        String wanted = fixtures.get("chain3").files().stream()
                .filter(file -> file.path().endsWith("leaf.vhd"))
                .findFirst()
                .orElseThrow()
                .contentSha256()
                .orElseThrow();
        String device = device(first, leaf);
        assertThat(first.run("sha256sum " + device)).startsWith(wanted);
        assertThat(first.run("cat /sys/block/" + device.substring(5) + "/ro")).isEqualTo("1");
        cli("libvirt", "detach", leaf, FIRST);
        agent.detachSr(xen);
    }

    @Test
    @Order(3)
    void aDiskIsAttachedToARunningGuestOnceHoweverOftenItIsAsked() throws Exception {
        JsonElement attached = cli("libvirt", "attach", data, FIRST);
        assertThat(cli("libvirt", "attach", data, FIRST)).isEqualTo(attached);
        assertThat(disks(FIRST)).hasSize(2).contains(data + " vdb rw");
        assertThat(libvirt.virsh("dumpxml", FIRST)).contains("<serial>" + data, "ua-" + data, "urn:io.catena:libvirt");
        String device = device(first, data);
        first.run("/usr/bin/mke2fs -q -t ext4 " + device + " && mkdir -p /data && mount " + device + " /data");
        startWriting(first);
    }

    @Test
    @Order(4)
    void aSnapshotOfAFrozenGuestIsConsistentThoughItWrites() throws Exception {
        awaitRecords(first, 5);
        JsonObject taken = cli("libvirt", "snapshot", FIRST, "--name", "monday", "--require-freeze")
                .getAsJsonObject();
        System.out.println("snapshot with freeze: " + taken);
        assertThat(taken.get("consistency").getAsString()).isEqualTo("filesystem");
        assertThat(taken.getAsJsonArray("snapshots")).hasSize(2);
        long at = records(first);
        awaitRecords(first, at + 3);

        Path raw = download(snapshotOf(taken, data));
        // Frozen: no journal to replay, and all that was synced before is there.
        assertThat(Programs.run(DEADLINE, "dumpe2fs", "-h", raw.toString()).stdout())
                .doesNotContain("needs_recovery");
        assertSound(raw);
        clone = agent.cloneOf(snapshotOf(taken, data));
    }

    @Test
    @Order(5)
    void aCloneLivesInAnotherGuestWhileBothWriteAndChainsMerge() throws Exception {
        second = RunningGuest.direct(libvirt.uri(), SECOND, image, directory);
        Outcome refused = agent.process().tryCli("libvirt", "attach", data, SECOND);
        assertThat(refused.exitCode()).isEqualTo(1);
        assertThat(refused.stderr()).contains("Guest " + FIRST + " has VDI " + data);

        cli("libvirt", "attach", clone, SECOND);
        String device = device(second, clone);
        second.run("mkdir -p /data && mount " + device + " /data");
        long inherited = Long.parseLong(second.run("wc -c < /data/log")) / 512;
        assertThat(inherited).isGreaterThanOrEqualTo(5);
        second.run("mkdir /data/mine && mv /data/log /data/mine/theirs && sync");
        startWriting(second);
        awaitRecords(second, 3);

        // Two base copies that only the live disks need: what is merged is merged under both writers.
        agent.destroy(agent.snapshot(data));
        agent.destroy(agent.snapshot(clone));
        JsonObject job = agent.collectGarbage(sr);
        System.out.println("merged under two writers: " + job);
        assertThat(job.get("state").getAsString()).isEqualTo("done");
        awaitRecords(first, records(first) + 3);
        awaitRecords(second, records(second) + 3);
        assertThat(first.run("ls /data")).doesNotContain("mine");
        assertThat(errors(first)).isEmpty();
        assertThat(errors(second)).isEmpty();
    }

    @Test
    @Order(6)
    void aGuestAgentThatHangsCostsTheConsistencyNotTheSnapshot() throws Exception {
        second.run("kill -STOP $(pidof qemu-ga)");
        JsonObject taken = cli("libvirt", "snapshot", SECOND).getAsJsonObject();
        System.out.println("snapshot with a guest agent that hangs: " + taken);
        assertThat(taken.get("consistency").getAsString()).isEqualTo("crash");
        assertThat(taken.get("reason").getAsString()).contains("does not answer");
        assertSound(replayed(download(snapshotOf(taken, clone))));
        second.run("kill -CONT $(pidof qemu-ga)");
        awaitThawed(second);
        JsonObject again =
                cli("libvirt", "snapshot", SECOND, "--require-freeze").getAsJsonObject();
        assertThat(again.get("consistency").getAsString()).isEqualTo("filesystem");
        awaitRecords(second, records(second) + 2);
    }

    @Test
    @Order(7)
    void aGuestOutlivesAKillOfTheAgent() throws Exception {
        long before = records(first);
        agent.process().kill9();
        long start = System.nanoTime();
        agent.process().restart();
        awaitRecords(first, before + 5);
        awaitRecords(second, records(second) + 2);
        System.out.println("agent killed, started again, guests went on after "
                + Duration.ofNanos(System.nanoTime() - start).toMillis() + " ms:");
        agent.process()
                .log()
                .lines()
                .filter(line -> line.contains("event=guest-"))
                .forEach(System.out::println);
        assertThat(errors(first)).isEmpty();
        assertThat(errors(second)).isEmpty();
        assertThat(disks(FIRST)).contains(data + " vdb rw");
    }

    @Test
    @Order(8)
    void aGuestThatADeadAgentLeftFrozenIsThawedByTheNext() throws Exception {
        String uuid = libvirt.virsh("domuuid", FIRST).strip();
        // As the agent does it, which is then killed before it comes to thaw.
        Files.createFile(directory.resolve("run/frozen").resolve(uuid));
        libvirt.virsh("domfsfreeze", FIRST);
        long frozen = records(first);
        agent.process().kill9();
        agent.process().restart();
        awaitRecords(first, frozen + 3);
        assertThat(errors(first)).isEmpty();
    }

    @Test
    @Order(9)
    void theAgentFindsLibvirtAgainWhenThatRestarts() throws Exception {
        libvirt.crashAndRestart();
        assertThat(Task.start("ls", () -> {
                            while (agent.process().tryCli("libvirt", "ls").exitCode() != 0) {
                                Thread.onSpinWait();
                            }
                            return true;
                        })
                        .result(DEADLINE))
                .isTrue();
        assertThat(disks(FIRST)).contains(data + " vdb rw");
        awaitRecords(first, records(first) + 2);
    }

    @Test
    @Order(10)
    void aGuestThatKeepsItsDiskIsReportedAndMayGiveItUpLater() throws Exception {
        stopWriting(second);
        second.run("umount /data");
        // It answers nothing now, so it does not release anything either.
        libvirt.virsh("suspend", SECOND);
        Outcome kept = agent.process().tryCli("libvirt", "detach", clone, SECOND, "--timeout", "3");
        assertThat(kept.exitCode()).isEqualTo(1);
        assertThat(kept.stderr()).contains("did not give up within 3 s", "stays attached");
        assertThat(agent.vdi(clone).get("state").getAsString()).isEqualTo("active");
        libvirt.virsh("resume", SECOND);
        cli("libvirt", "detach", clone, SECOND, "--timeout", "60");
        assertThat(agent.vdi(clone).get("state").getAsString()).isEqualTo("detached");
        cli("libvirt", "detach", clone, SECOND);
    }

    @Test
    @Order(11)
    void whatTheGuestsWroteIsOnTheHostWholeAndSound() throws Exception {
        long acknowledged = stopWriting(first);
        first.run("umount /data");
        cli("libvirt", "detach", data, FIRST);
        assertThat(disks(FIRST)).noneMatch(disk -> disk.startsWith(data));

        Path raw = download(data);
        assertSound(raw);
        assertRecords(raw, acknowledged);
        assertSound(download(clone));
        List<String> check = new ArrayList<>(List.of("vhd", "check"));
        try (var files = Files.list(directory.resolve("sr"))) {
            files.map(Path::toString).filter(name -> name.endsWith(".vhd")).forEach(check::add);
        }
        agent.process().cli(check.toArray(String[]::new));
    }

    /** Appends numbered records, each synced before the next, and counts those that were, outside the disk. */
    private static void startWriting(RunningGuest guest) throws IOException {
        guest.run("rm -f /run/stop; echo 0 > /run/acknowledged; : > /run/errors\n"
                + "(n=0; while [ ! -e /run/stop ]; do\n"
                + "printf 'record %08d\\n' $n | dd of=/data/log bs=512 seek=$n conv=sync,notrunc,fsync 2>>/run/dd"
                + " || echo failed $n >> /run/errors\n"
                + "n=$((n + 1)); echo $n > /run/counting; mv /run/counting /run/acknowledged; usleep 20000\n"
                + "done; : > /run/stopped) >/dev/null 2>&1 </dev/null &");
    }

    /** Ends the writing and returns how many records were acknowledged. */
    private static long stopWriting(RunningGuest guest) throws IOException {
        guest.run("rm -f /run/stopped; : > /run/stop; while [ ! -e /run/stopped ]; do usleep 50000; done");
        return records(guest);
    }

    private static long records(RunningGuest guest) throws IOException {
        return Long.parseLong(guest.run("cat /run/acknowledged"));
    }

    private static void awaitRecords(RunningGuest guest, long wanted) throws IOException {
        guest.run("while [ $(cat /run/acknowledged) -lt " + wanted + " ]; do usleep 100000; done");
    }

    private static String errors(RunningGuest guest) throws IOException {
        return guest.run("cat /run/errors; dmesg | grep -iE 'I/O error|EXT4-fs error|remount' || true");
    }

    /** Returns the guest's name for a disk, which it finds by the serial; a guest sees 20 characters of that. */
    private static String device(RunningGuest guest, String vdi) throws IOException {
        return guest.run("n=0; while [ $n -lt 300 ]; do for d in /sys/block/vd*; do\n"
                + "[ \"$(cat $d/serial 2>/dev/null)\" = " + vdi.substring(0, 20)
                + " ] && echo /dev/$(basename $d) && exit 0\n"
                + "done; n=$((n + 1)); usleep 100000; done; exit 1");
    }

    private static void awaitThawed(RunningGuest guest) throws IOException {
        // A file system that is frozen holds the writer up; one that was frozen late thaws with the next try.
        awaitRecords(guest, records(guest) + 2);
        while (!isEmpty(directory.resolve("run/frozen"))) {
            Thread.onSpinWait();
        }
    }

    private static boolean isEmpty(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.findAny().isEmpty();
        }
    }

    private static List<String> disks(String guest) throws IOException {
        List<String> disks = new ArrayList<>();
        for (JsonElement element : cli("libvirt", "ls").getAsJsonArray()) {
            if (LiveAgent.id(element, "name").equals(guest)) {
                element.getAsJsonObject()
                        .getAsJsonArray("disks")
                        .forEach(disk -> disks.add(LiveAgent.id(disk, "vdi") + " " + LiveAgent.id(disk, "target") + " "
                                + LiveAgent.id(disk, "mode")));
            }
        }
        return disks;
    }

    private static String snapshotOf(JsonObject taken, String vdi) {
        for (JsonElement snapshot : taken.getAsJsonArray("snapshots")) {
            if (LiveAgent.id(snapshot, "of").equals(vdi)) {
                return LiveAgent.id(snapshot, "vdi");
            }
        }
        throw new AssertionError("no snapshot of " + vdi + " in " + taken);
    }

    private static Path download(String vdi) throws IOException {
        Path raw = directory.resolve(vdi + ".raw");
        NbdCopy.toFile(agent.attachReadOnly(vdi), raw, DEADLINE);
        agent.detach(vdi);
        return raw;
    }

    /** Lets the journal be replayed, as the next mount would. */
    private static Path replayed(Path raw) throws IOException {
        Programs.tryRun(DEADLINE, "e2fsck", "-p", raw.toString());
        return raw;
    }

    private static void assertSound(Path raw) throws IOException {
        Programs.run(DEADLINE, "e2fsck", "-f", "-n", raw.toString());
    }

    private static void assertRecords(Path raw, long count) throws IOException {
        Path log = directory.resolve("log");
        Programs.run(DEADLINE, "debugfs", "-R", "dump /log " + log, raw.toString());
        byte[] bytes = Files.readAllBytes(log);
        assertThat(bytes.length).isGreaterThanOrEqualTo((int) count * 512);
        for (int n = 0; n < count; n++) {
            String record = new String(bytes, n * 512, 15, StandardCharsets.US_ASCII);
            assertThat(record).isEqualTo(String.format(Locale.ROOT, "record %08d", n));
        }
    }

    private static String newDisk(String name) throws IOException {
        return LiveAgent.id(cli("vdi", "create", sr, "--size", "64M", "--name", name), "vdi");
    }

    private static JsonElement cli(String... arguments) throws IOException {
        return agent.process().cli(arguments).json();
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
