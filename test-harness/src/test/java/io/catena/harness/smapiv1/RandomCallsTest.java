package io.catena.harness.smapiv1;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.smapiv1.DriverOptions;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcAnswer;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcException;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.harness.bench.DirectoryTree;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.reference.ReferenceReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random sequences of calls against a model, with the agent killed between a call's beginning and its answer. After each of these XAPI
 * has to know all disks that there are, and each has the content and the size that the model says, or, if it was being changed when the
 * agent was killed, those of before or after.
 *
 * <p>System properties: {@code catena.smapiv1.sequences} and {@code catena.smapiv1.seed}.
 */
@Timeout(value = 12, unit = TimeUnit.HOURS)
@Tag("slow")
final class RandomCallsTest {
    private static final int SEQUENCES = Integer.getInteger("catena.smapiv1.sequences", 2);
    private static final long SEED = Long.getLong("catena.smapiv1.seed", 20_170);
    private static final int STEPS = 14;
    private static final int MOST_DISKS = 6;
    private static final long MIB = 1 << 20;
    private static final int MARK_BYTES = 4096;

    /** A kill comes within this time of a call's beginning, for most calls before its end. */
    private static final int KILL_MICROS = 40_000;

    /** After how many sequences a line tells how it goes. */
    private static final int REPORTED = 20;

    @TempDir
    Path directory;

    /** A disk of the model: the byte that it begins with, and what it is a snapshot of. */
    private record Model(
            byte mark, long sizeBytes, @Nullable String snapshotOf) {}

    private final Map<String, Model> model = new TreeMap<>();
    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    private int kills;
    private int unanswered;

    @Test
    void disksAreWhatTheModelSaysWheneverTheAgentIsKilled() throws IOException, InterruptedException {
        try (AgentProcess agent = AgentProcess.startShortLived(directory.resolve("run"))) {
            for (int i = 0; i < SEQUENCES; i++) {
                long seed = SEED + i;
                try {
                    run(agent, i, new Random(seed));
                } catch (AssertionError | IOException e) {
                    throw new AssertionError(
                            "repeat it with -Dcatena.smapiv1.sequences=1 -Dcatena.smapiv1.seed=" + seed
                                    + "; the agent: " + agent.log(),
                            e);
                }
                if ((i + 1) % REPORTED == 0) {
                    System.out.printf(
                            Locale.ROOT,
                            "%d sequences, %d kills, %d of them before the answer%n",
                            i + 1,
                            kills,
                            unanswered);
                }
            }
        } finally {
            thread.shutdown();
        }
    }

    /** A sequence on an SR of its own, which the agent forgets at the end: it outlives the sequences that do not kill it. */
    private void run(AgentProcess agent, int number, Random random) throws IOException, InterruptedException {
        model.clear();
        Path home = Files.createDirectories(directory.resolve("s" + number));
        String sr = new UUID(0x5f2c9d1e_8a41_4f0eL, 0x9a55_6c1d_0000_0000L + number).toString();
        try (StubXapi xapi = StubXapi.start(home.resolve("xapi"))) {
            xapi.database().addHostAndSr(sr, "catena");
            DriverOptions options = new DriverOptions(xapi.socket(), "", home.resolve("nbd"));
            SmDriver driver = SmDriver.withoutLauncher(
                    agent.runDirectory().resolve("agent.sock"),
                    options,
                    sr,
                    Map.of("location", home.resolve(sr).toString()));
            Host host = new Host(home, sr, xapi, agent, driver);
            DriverTest.nil(driver.sr("sr_create", "0"));
            DriverTest.nil(driver.sr("sr_attach"));
            for (int step = 0; step < STEPS; step++) {
                step(host, random);
            }
            DriverTest.nil(driver.sr("sr_detach"));
        }
        DirectoryTree.delete(home);
    }

    private record Host(Path home, String sr, StubXapi xapi, AgentProcess agent, SmDriver driver) {
        String ref(String vdi) {
            return xapi.database().ref("VDI", vdi);
        }

        Map<String, XmlRpcValue> disks() {
            Map<String, XmlRpcValue> disks = new TreeMap<>();
            xapi.database().table("VDI").values().forEach(row -> {
                if (row.member("managed").asFlag()) {
                    disks.put(row.member("uuid").asText(), row);
                }
            });
            return disks;
        }
    }

    /** A call, to be made by another thread perhaps. */
    private interface Call {
        XmlRpcAnswer run() throws IOException;
    }

    private void step(Host host, Random random) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(model.keySet());
        int kind = all.isEmpty() ? 0 : random.nextInt(7);
        String disk = all.isEmpty() ? "" : all.get(random.nextInt(all.size()));
        switch (kind) {
            case 0 -> {
                if (all.size() < MOST_DISKS) {
                    long size = (2 + random.nextInt(8)) * MIB;
                    make(
                            host,
                            random,
                            new Model((byte) 0, (size + 2 * MIB - 1) / (2 * MIB) * (2 * MIB), null),
                            () -> host.driver()
                                    .call(
                                            "vdi_create",
                                            DriverTest.creation(Map.of()),
                                            DriverTest.creationArgs("d", size)));
                }
            }
            case 1 -> {
                Model source = at(disk);
                if (all.size() < MOST_DISKS && source.snapshotOf() == null) {
                    make(
                            host,
                            random,
                            new Model(source.mark(), source.sizeBytes(), disk),
                            () -> cut(host, "vdi_snapshot", disk));
                }
            }
            case 2 -> {
                Model source = at(disk);
                if (all.size() < MOST_DISKS) {
                    make(
                            host,
                            random,
                            new Model(source.mark(), source.sizeBytes(), null),
                            () -> cut(host, "vdi_clone", disk));
                }
            }
            case 3 -> write(host, random, disk, (byte) (1 + random.nextInt(100)));
            case 4 -> delete(host, random, disk);
            case 5 -> resize(host, random, disk);
            default -> revert(host, random, disk);
        }
        check(host);
    }

    private Model at(String disk) {
        return Objects.requireNonNull(model.get(disk), disk);
    }

    private static XmlRpcAnswer cut(Host host, String command, String disk) throws IOException {
        return host.driver().vdi(command, disk, host.ref(disk), Map.of("driver_params", Map.of()));
    }

    private void make(Host host, Random random, Model made, Call call) throws IOException, InterruptedException {
        XmlRpcAnswer answer = maybeKilled(host, random, call);
        Set<String> fresh = new TreeSet<>(host.disks().keySet());
        fresh.removeAll(model.keySet());
        assertThat(fresh).hasSizeLessThanOrEqualTo(1);
        if (answer != null) {
            assertThat(fresh)
                    .containsExactly(DriverTest.ok(answer).member("uuid").asText());
        }
        fresh.forEach(uuid -> model.put(uuid, made));
    }

    private void delete(Host host, Random random, String disk) throws IOException, InterruptedException {
        String ref = host.ref(disk);
        XmlRpcAnswer answer = maybeKilled(host, random, () -> host.driver().vdi("vdi_delete", disk, ref));
        boolean gone = !host.disks().containsKey(disk);
        if (answer != null) {
            DriverTest.nil(answer);
            assertThat(gone).isTrue();
        }
        if (gone) {
            model.remove(disk);
        }
    }

    private void resize(Host host, Random random, String disk) throws IOException, InterruptedException {
        Model before = at(disk);
        if (before.snapshotOf() != null) {
            return;
        }
        long wanted = before.sizeBytes() + 2 * MIB;
        String ref = host.ref(disk);
        XmlRpcAnswer answer =
                maybeKilled(host, random, () -> host.driver().vdi("vdi_resize", disk, ref, Long.toString(wanted)));
        long now = Long.parseLong(row(host, disk).member("virtual_size").asText());
        if (answer != null) {
            DriverTest.ok(answer);
            assertThat(now).isEqualTo(wanted);
        }
        assertThat(now).isIn(before.sizeBytes(), wanted);
        model.put(disk, new Model(before.mark(), now, null));
    }

    private void revert(Host host, Random random, String snapshot) throws IOException, InterruptedException {
        Model state = at(snapshot);
        String target = state.snapshotOf();
        if (target == null || !model.containsKey(target)) {
            return;
        }
        String ref = host.ref(snapshot);
        String targetRef = host.ref(target);
        XmlRpcAnswer answer =
                maybeKilled(host, random, () -> host.driver().vdi("vdi_revert", snapshot, ref, targetRef));
        byte now = mark(host, target);
        long size = Long.parseLong(row(host, target).member("virtual_size").asText());
        if (answer != null) {
            DriverTest.nil(answer);
            assertThat(now).isEqualTo(state.mark());
        }
        assertThat(now).isIn(state.mark(), at(target).mark());
        assertThat(size).isIn(state.sizeBytes(), at(target).sizeBytes());
        model.put(target, new Model(now, size, at(target).snapshotOf()));
    }

    private void write(Host host, Random random, String disk, byte mark) throws IOException, InterruptedException {
        Model before = at(disk);
        if (before.snapshotOf() != null) {
            return;
        }
        String ref = host.ref(disk);
        untilAnswered(host, random, () -> host.driver().vdi("vdi_activate", disk, ref, "true"));
        try (NbdClient guest = NbdClient.connect(
                host.home().resolve("nbd").resolve(host.sr()).resolve(disk).toRealPath(), disk)) {
            byte[] bytes = new byte[MARK_BYTES];
            Arrays.fill(bytes, mark);
            guest.write(0, bytes);
            guest.flush();
        }
        untilAnswered(host, random, () -> host.driver().vdi("vdi_deactivate", disk, ref));
        model.put(disk, new Model(mark, before.sizeBytes(), null));
    }

    /** XAPI asks again if no answer came: what was done or half done is no error then. */
    private void untilAnswered(Host host, Random random, Call call) throws IOException, InterruptedException {
        XmlRpcAnswer answer = maybeKilled(host, random, call);
        DriverTest.nil(answer == null ? call.run() : answer);
    }

    /** Makes a call, for every third the agent is killed meanwhile; then returns null unless the answer came all the same. */
    private @Nullable XmlRpcAnswer maybeKilled(Host host, Random random, Call call)
            throws IOException, InterruptedException {
        if (random.nextInt(3) != 0) {
            return call.run();
        }
        Future<XmlRpcAnswer> answer = thread.submit(call::run);
        LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(random.nextInt(KILL_MICROS)));
        host.agent().kill9();
        kills++;
        XmlRpcAnswer result = null;
        try {
            result = answer.get();
        } catch (ExecutionException e) {
            assertThat(e.getCause()).isInstanceOfAny(IOException.class, XmlRpcException.class);
            unanswered++;
        }
        host.agent().restart();
        DriverTest.nil(host.driver().sr("sr_scan"));
        return result;
    }

    private static XmlRpcValue row(Host host, String disk) {
        return Objects.requireNonNull(host.disks().get(disk), disk);
    }

    private void check(Host host) throws IOException {
        assertThat(host.disks().keySet()).isEqualTo(model.keySet());
        for (Map.Entry<String, Model> disk : model.entrySet()) {
            assertThat(mark(host, disk.getKey()))
                    .as(disk.getKey())
                    .isEqualTo(disk.getValue().mark());
            assertThat(row(host, disk.getKey()).member("virtual_size").asText())
                    .isEqualTo(Long.toString(disk.getValue().sizeBytes()));
        }
    }

    private static byte mark(Host host, String disk) throws IOException {
        try (ReferenceReader reader =
                ReferenceReader.open(host.home().resolve(host.sr()).resolve(disk + ".vhd"))) {
            return reader.read(0, MARK_BYTES)[MARK_BYTES - 1];
        }
    }
}
