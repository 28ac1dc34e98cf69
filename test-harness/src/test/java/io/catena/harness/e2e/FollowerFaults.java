package io.catena.harness.e2e;

import static io.catena.harness.Waiting.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.harness.peer.EtcdCluster;
import io.catena.harness.peer.TestCertificates;
import io.catena.lease.FileLeaseStore;
import io.catena.lease.HostRecord;
import io.catena.lease.LeaseKeys;
import io.catena.lease.LeaseStore;
import io.catena.store.FileStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * What fails in a pool, with real agents: each waits for leases to run out, so that this takes minutes. {@code
 * test-harness/bin/e2e two-hosts} runs it.
 */
@Tag("slow")
class FollowerFaults {
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final long DISK_BYTES = 8 << 20;
    private static final int DISKS = 100;
    private static final List<String> NAMES = List.of("hosta", "hostb", "hostc");

    @TempDir(cleanup = CleanupMode.ALWAYS)
    private Path directory;

    private final List<PoolHost> hosts = new ArrayList<>();
    private @Nullable CutLink link;
    private @Nullable EtcdCluster etcd;
    private TestCertificates certificates;
    private Path path;
    private String sr = "";

    @BeforeEach
    void makePlace() throws IOException {
        path = directory.resolve("sr");
        certificates = new TestCertificates(directory.resolve("pki"));
    }

    @AfterEach
    void endAll() throws Exception {
        List<AutoCloseable> all = new ArrayList<>(hosts);
        all.add(link);
        all.add(etcd);
        Exception failure = null;
        for (AutoCloseable one : all) {
            try {
                if (one != null) {
                    one.close();
                }
            } catch (IOException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** The first has the SR, the others follow. */
    private void share(int count, String address, String coordination) throws IOException {
        for (String name : NAMES.subList(0, count)) {
            List<String> others =
                    NAMES.stream().filter(other -> !other.equals(name)).toList();
            hosts.add(PoolHost.start(
                    Files.createDirectory(directory.resolve(name)), certificates, name, others, address));
        }
        if (address.equals("127.0.0.2")) {
            link = new CutLink(host(0).ports());
        }
        sr = host(0).agent().createSr("pool", path);
        host(0).agent().detachSr(sr);
        host(0).agent().process().cli("sr", "share", path.toString(), "--coordination", coordination);
        for (PoolHost host : hosts) {
            host.agent().process().cli("sr", "attach", path.toString());
        }
    }

    private PoolHost host(int index) {
        return hosts.get(index);
    }

    /** A guest of a follower. */
    private final class Guest {
        private final PoolHost host;
        private final String disk;
        private final GuestWriter writer;
        private final Task<Long> run;

        Guest(PoolHost host, String name, long seed) throws Exception {
            this.host = host;
            disk = host.agent().createVdi(sr, name, DISK_BYTES);
            writer = new GuestWriter(host.agent().attach(disk), DISK_BYTES, seed);
            run = Task.start("guest of " + name, writer);
            goesOn();
        }

        void goesOn() throws IOException, InterruptedException {
            long before = writer.written();
            until("the guest goes on", () -> writer.written() > before + 100);
        }

        /** It had no error, and reads all that was answered. */
        void end() throws Exception {
            writer.stop();
            run.result(PATIENCE);
            host.agent().detach(disk);
        }
    }

    /** It does not know that it was taken for dead; what it answers then is not believed, and it follows when it is told to. */
    @Test
    void aHolderThatStandsStillAndWakes() throws Exception {
        share(2, "127.0.0.1", "files");
        Guest guest = new Guest(host(1), "disk", 1);
        String own = host(0).agent().createVdi(sr, "own", DISK_BYTES);
        host(0).agent().attach(own);
        long began = System.nanoTime();
        host(0).pause();
        until("the follower has the SR", () -> log(1).contains("event=sr-taken-over"));
        guest.goesOn();
        System.out.printf(
                Locale.ROOT,
                "taken over and served %.1f s after the holder stood still%n",
                (System.nanoTime() - began) / 1e9);
        host(0).resume();
        guest.goesOn();
        until("the other knows", () -> log(0).contains("event=sr-lost"));
        assertThatThrownBy(() -> host(0).agent().createVdi(sr, "late", DISK_BYTES))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("has taken the SR from this host");
        assertThatThrownBy(() -> host(0).snapshot(own)).isInstanceOf(IOException.class);
        guest.goesOn();
        assertThat(host(1).agent().vdis(sr)).hasSize(2);

        host(0).agent().process().cli("sr", "detach", "--force", sr);
        host(0).agent().process().cli("sr", "attach", path.toString());
        assertThat(host(0).agent().stat(sr).toString()).contains("has the SR");
        host(0).agent().attach(own);
        host(0).agent().detach(own);
        guest.end();
        host(1).agent().process().cli("sr", "check", sr);
    }

    private String log(int index) {
        return host(index).agent().process().log();
    }

    /** The one that has the SR keeps it, since it lives; requests wait, and none of them fails or is lost. */
    @Test
    void aNetworkThatIsCutBetweenHostsThatBothReachTheStorage() throws Exception {
        share(2, "127.0.0.2", "files");
        CutLink network = Objects.requireNonNull(link);
        Guest guest = new Guest(host(1), "disk", 2);
        String own = host(0).agent().createVdi(sr, "own", DISK_BYTES);
        network.cut();
        until("the holder is found silent", () -> log(1).contains("event=holder-silent"));
        long before = guest.writer.written();
        assertThatThrownBy(() -> host(1).agent().vdis(sr))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("does not answer");
        host(0).agent().attach(own);
        assertThat(host(0).agent().snapshot(own)).isNotEmpty();
        // Longer than a lease: the cut-off follower shows that it lives.
        Thread.sleep(15_000);
        assertThatThrownBy(() -> host(0).agent().attach(guest.disk))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("lives");
        assertThat(guest.writer.written()).isBetween(before, before + 1);
        assertThat(log(1)).doesNotContain("event=sr-taken-over");
        network.heal();
        guest.goesOn();
        assertThat(log(0)).doesNotContain("event=sr-lost");
        guest.end();
        host(0).agent().detach(own);
    }

    /** What the killed process was answered is not kept by the next one, and not lost either. */
    @Test
    void aFollowerThatIsKilledAndThenTheHolder() throws Exception {
        share(2, "127.0.0.1", "files");
        String disk = host(1).agent().createVdi(sr, "disk", DISK_BYTES);
        GuestWriter guest = new GuestWriter(host(1).agent().attach(disk), DISK_BYTES, 6);
        guest.writeSome(130);
        host(1).agent().process().kill9();
        host(1).agent().process().restart();
        host(0).agent().process().kill9();
        until("the follower has the SR", () -> taken(1));
        until("the disk is back", () -> isActive(1, disk));
        guest.check(LiveAgent.id(host(1).agent().vdi(disk).get("export").getAsJsonObject(), "uri"));
    }

    /** Two takeovers in a row; the host that only follows loses nothing, and keeps nothing that it was attached for and did not get. */
    @Test
    void threeHostsAndTwoDeaths() throws Exception {
        share(3, "127.0.0.1", "files");
        Guest first = new Guest(host(1), "first", 3);
        Guest second = new Guest(host(2), "second", 4);
        String moving = host(0).agent().createVdi(sr, "moving", DISK_BYTES);
        host(0).agent().attach(moving);
        host(1).attachInactive(moving, "guest");
        host(2).attachInactive(moving, "guest");
        host(0).agent().process().kill9();
        until("one of them has the SR", () -> taken(1) || taken(2));
        int owner = taken(1) ? 1 : 2;
        int other = 3 - owner;
        Guest ofOwner = owner == 1 ? first : second;
        Guest ofOther = owner == 1 ? second : first;
        ofOwner.goesOn();
        ofOther.goesOn();
        assertThat(taken(other)).as("both have taken the SR").isFalse();
        assertThat(log(other)).doesNotContain("follower-disk-lost");
        until("who has the SR may have what was to move", () -> isActivated(owner, moving));
        host(owner).ask("deactivate", moving, "guest");
        host(owner).agent().process().kill9();
        until("the last has the SR", () -> taken(other));
        ofOther.goesOn();
        ofOther.end();
        assertThat(host(other)
                        .agent()
                        .process()
                        .cli("host", "ls", path.toString())
                        .stdout())
                .contains("\"holds\":true");
        host(other).agent().process().cli("sr", "check", sr);
    }

    /** However many disks it uses: one note, every two seconds, and nothing else. */
    @Test
    void aHostWithAHundredDisksRenewsByOneWrite() throws Exception {
        share(2, "127.0.0.1", "files");
        for (int disk = 0; disk < 2 * DISKS; disk++) {
            LiveAgent agent = host(disk % 2).agent();
            assertThat(agent.attach(agent.createVdi(sr, "disk" + disk, DISK_BYTES)))
                    .isNotEmpty();
        }
        Map<String, HostRecord> before = hostNotes();
        Instant began = Instant.now();
        Thread.sleep(Duration.ofSeconds(10).toMillis());
        Map<String, HostRecord> after = hostNotes();
        double seconds = Duration.between(began, Instant.now()).toMillis() / 1e3;
        assertThat(writtenSince(began)).isEmpty();
        assertThat(after).hasSize(2).containsOnlyKeys(before.keySet());
        after.forEach((note, record) -> {
            long writes =
                    record.counter() - Objects.requireNonNull(before.get(note)).counter();
            System.out.printf(
                    Locale.ROOT, "host %s: %d writes in %.1f s for %d disks%n", record.host(), writes, seconds, DISKS);
            assertThat(writes).isBetween(3L, (long) (seconds / 2) + 1);
        });
    }

    private Map<String, HostRecord> hostNotes() throws IOException {
        try (LeaseStore store = new FileLeaseStore(new FileStorage(path), UUID::randomUUID)) {
            return HostRecord.all(store.notes(LeaseKeys.HOSTS));
        }
    }

    /** Returns the files of the SR, but for the notes of hosts, that were written later. */
    private Set<Path> writtenSince(Instant when) throws IOException {
        try (Stream<Path> files = Files.walk(path)) {
            return files.filter(file -> !path.relativize(file).toString().contains("/hosts"))
                    .filter(Files::isRegularFile)
                    .filter(file -> file.toFile().lastModified() > when.toEpochMilli())
                    .collect(Collectors.toSet());
        }
    }

    private boolean isActive(int index, String disk) {
        try {
            return host(index).agent().vdi(disk).get("state").getAsString().equals("active");
        } catch (SrException e) {
            assertThat(e.error()).isEqualTo(SrError.TRY_AGAIN);
            return false;
        }
    }

    private boolean isActivated(int index, String disk) {
        try {
            host(index).ask("activate", disk, "guest");
            return true;
        } catch (SrException e) {
            assertThat(e.error()).as("%s", e).isIn(SrError.VDI_IN_USE, SrError.TRY_AGAIN);
            return false;
        }
    }

    private boolean taken(int index) {
        return log(index).contains("event=sr-taken-over");
    }

    /** Members that are killed or stand still; without a majority requests wait, and go on. */
    @Test
    void leasesInEtcd() throws Exception {
        EtcdCluster members = EtcdCluster.start(Files.createDirectory(directory.resolve("etcd")), 3);
        etcd = members;
        share(2, "127.0.0.1", "etcd:" + members.urls());
        Guest guest = new Guest(host(1), "disk", 5);
        members.kill(0);
        guest.goesOn();
        members.restart(0);
        members.pause(1);
        guest.goesOn();
        members.pause(2);
        until("requests are held", () -> log(0).contains("event=requests-held"));
        long before = guest.writer.written();
        Thread.sleep(2_000);
        assertThat(guest.writer.written()).isBetween(before, before + 1);
        members.resume(1);
        members.resume(2);
        guest.goesOn();
        assertThat(log(1)).doesNotContain("event=sr-taken-over");
        host(0).agent().process().kill9();
        until("the follower has the SR", () -> taken(1));
        guest.goesOn();
        guest.end();
    }
}
