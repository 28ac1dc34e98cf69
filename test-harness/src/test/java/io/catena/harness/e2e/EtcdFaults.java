package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.peer.EtcdCluster;
import io.catena.harness.peer.TestCertificates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two agents whose leases are in an etcd of three members, with a guest each, while members are killed, stand still and are cut
 * off, one or two at a time. {@code test-harness/bin/e2e etcd -Dcatena.etcd.minutes=N} runs it, and tells what it did.
 */
@Tag("slow")
class EtcdFaults {
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration LOOK = Duration.ofMillis(50);
    private static final long DISK_BYTES = 8 << 20;
    private static final int MEMBERS = 3;

    /** A lease of 10 s, and a machine that has other things to do. */
    private static final Duration LEASE = Duration.ofSeconds(8);

    @TempDir(cleanup = CleanupMode.ALWAYS)
    private Path directory;

    private final List<AutoCloseable> running = new ArrayList<>();
    private final List<CutLink> links = new ArrayList<>();
    private final List<PoolHost> hosts = new ArrayList<>();
    private final List<GuestWriter> guests = new ArrayList<>();
    private final List<Task<Long>> runs = new ArrayList<>();
    private final List<String> disks = new ArrayList<>();
    private final Random random = new Random(Long.getLong("seed", 1));
    private final Map<String, Integer> faults = new TreeMap<>();
    private String last = "";
    private @Nullable EtcdCluster etcd;

    @AfterEach
    void endAll() throws Exception {
        Exception failure = null;
        for (AutoCloseable one : running) {
            try {
                one.close();
            } catch (IOException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private <T extends AutoCloseable> T kept(T one) {
        running.add(0, one);
        return one;
    }

    private EtcdCluster members() {
        return Objects.requireNonNull(etcd, "etcd");
    }

    private void start() throws Exception {
        etcd = kept(EtcdCluster.start(
                Files.createDirectory(directory.resolve("etcd")),
                MEMBERS,
                "127.0.0.2",
                ports -> links.add(kept(new CutLink(ports)))));
        TestCertificates certificates = new TestCertificates(directory.resolve("pki"));
        for (String name : List.of("hosta", "hostb")) {
            String other = name.equals("hosta") ? "hostb" : "hosta";
            hosts.add(kept(PoolHost.start(
                    Files.createDirectory(directory.resolve(name)), certificates, name, List.of(other))));
        }
        Path path = directory.resolve("sr");
        String sr = hosts.get(0).agent().createSr("pool", path);
        hosts.get(0).agent().detachSr(sr);
        hosts.get(0)
                .agent()
                .process()
                .cli(
                        "sr",
                        "share",
                        path.toString(),
                        "--coordination",
                        "etcd:" + members().urls());
        for (PoolHost host : hosts) {
            host.agent().process().cli("sr", "attach", path.toString());
        }
        for (PoolHost host : hosts) {
            String disk = host.agent().createVdi(sr, "disk" + disks.size(), DISK_BYTES);
            disks.add(disk);
            GuestWriter guest = new GuestWriter(host.agent().attach(disk), DISK_BYTES, disks.size());
            guests.add(guest);
            runs.add(Task.start("guest of " + disk, guest));
        }
    }

    @Test
    void noAnswerIsLostAndNobodyWaitsForEtcdBeforeTheLeaseRunsOut() throws Exception {
        start();
        long end = System.nanoTime()
                + Duration.ofMinutes(Integer.getInteger("catena.etcd.minutes", 1))
                        .toNanos();
        Duration longest = Duration.ZERO;
        Duration longestWithout = Duration.ZERO;
        int held = 0;
        while (System.nanoTime() < end) {
            longest = max(longest, watched(Duration.ofSeconds(3 + random.nextInt(5))));
            boolean majority = random.nextInt(4) != 0;
            Duration stall = fault(majority);
            if (majority) {
                longest = max(longest, stall);
            } else {
                longestWithout = max(longestWithout, stall);
                held++;
            }
            goOn();
        }
        long written = 0;
        for (int i = 0; i < guests.size(); i++) {
            guests.get(i).stop();
            // It reads all that it was answered, and had no error.
            written += runs.get(i).result(PATIENCE);
            hosts.get(i).agent().detach(disks.get(i));
        }
        System.out.printf(
                Locale.ROOT,
                "%s; %d writes answered, 0 lost, 0 errors; longest wait of a guest %d ms with a majority, %d ms without (%d times);"
                        + " takeovers: %d, requests held: %d%n",
                faults,
                written,
                longest.toMillis(),
                longestWithout.toMillis(),
                held,
                count("event=sr-taken-over"),
                count("event=requests-held"));
        assertThat(count("event=sr-taken-over")).isZero();
        assertThat(longest).isLessThan(LEASE);
    }

    private static Duration max(Duration a, Duration b) {
        return a.compareTo(b) > 0 ? a : b;
    }

    private int count(String event) {
        return hosts.stream()
                .mapToInt(host -> host.agent().process().log().split(event, -1).length - 1)
                .sum();
    }

    /** Returns the longest time, in a while, in which one of the guests was answered nothing. */
    private Duration watched(Duration time) throws InterruptedException {
        long end = System.nanoTime() + time.toNanos();
        long[] counts = new long[guests.size()];
        long[] since = new long[guests.size()];
        long longest = 0;
        Arrays.fill(since, System.nanoTime());
        while (System.nanoTime() < end) {
            Thread.sleep(LOOK.toMillis());
            long now = System.nanoTime();
            for (int i = 0; i < counts.length; i++) {
                long written = guests.get(i).written();
                longest = Math.max(longest, now - since[i]);
                if (written != counts[i]) {
                    counts[i] = written;
                    since[i] = now;
                }
            }
        }
        return Duration.ofNanos(longest);
    }

    /** All guests are answered again. */
    private void goOn() throws Exception {
        for (int i = 0; i < guests.size(); i++) {
            long before = guests.get(i).written();
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (guests.get(i).written() < before + 10) {
                if (runs.get(i).endsWithin(Duration.ZERO) || System.nanoTime() > deadline) {
                    throw new AssertionError(
                            "guest " + i + " does not go on after " + last + ", of " + faults + "; " + fate(i));
                }
                Thread.sleep(LOOK.toMillis());
            }
        }
    }

    private String fate(int guest) {
        StringBuilder text = new StringBuilder();
        try {
            text.append(
                    runs.get(guest).endsWithin(Duration.ZERO) ? runs.get(guest).result(PATIENCE) : "it waits");
        } catch (Exception | AssertionError e) {
            text.append(e).append(' ').append(e.getCause());
        }
        hosts.forEach(host -> text.append("\n").append(host.agent().process().log()));
        return text.toString();
    }

    /** Lets one member fail, or two; returns the longest wait of a guest meanwhile. */
    private Duration fault(boolean majority) throws Exception {
        int first = random.nextInt(MEMBERS);
        List<Integer> victims =
                majority ? List.of(first) : List.of(first, (first + 1 + random.nextInt(MEMBERS - 1)) % MEMBERS);
        String kind = List.of("killed", "stopped", "cut off").get(random.nextInt(3));
        last = kind + " " + victims;
        faults.merge(victims.size() + " " + kind, 1, Integer::sum);
        for (int victim : victims) {
            switch (kind) {
                case "killed" -> members().kill(victim);
                case "stopped" -> members().pause(victim);
                default -> links.get(victim).cut();
            }
        }
        Duration stall;
        try {
            stall = watched(Duration.ofSeconds(majority ? 5 + random.nextInt(20) : 14 + random.nextInt(20)));
        } finally {
            for (int victim : victims) {
                switch (kind) {
                    case "killed" -> members().restartUnawaited(victim);
                    case "stopped" -> members().resume(victim);
                    default -> links.get(victim).heal();
                }
            }
        }
        return stall;
    }
}
