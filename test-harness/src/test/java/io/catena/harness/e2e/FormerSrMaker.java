package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.api.SrException;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.Programs;
import io.catena.harness.peer.TestCertificates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Makes the archive that {@link FormerSrTest} reads, by the agents of a former version. How it is run is told beside the archive.
 */
@Tag("slow")
class FormerSrMaker {
    private static final Duration PACKING = Duration.ofMinutes(1);
    private static final long DISK_BYTES = 8 << 20;
    private static final long BLOCK_BYTES = 2 << 20;
    private static final int PIECE_BYTES = 1024;
    private static final int DISKS = 4;
    private static final int TRIES = 50;
    private static final String JOURNAL = ".catena/journal/operation.json";

    @TempDir(cleanup = CleanupMode.ALWAYS)
    private Path directory;

    private final Random random = new Random(1);

    private static String property(String name) {
        String value = System.getProperty(name);
        if (value == null) {
            throw new IllegalStateException("-D" + name + " is missing");
        }
        return value;
    }

    @Test
    void makesTheArchive() throws Exception {
        Path former = Path.of(property("catena.former"));
        shared(former);
        merging(former);
        Programs.run(
                PACKING,
                "tar",
                "--sparse",
                "--numeric-owner",
                "-cJf",
                property("catena.archive"),
                "-C",
                directory.toString(),
                "shared",
                "shared.sums",
                "shared.names",
                "merging",
                "merging.sums",
                "merging.names");
    }

    /**
     * Two hosts: the one that has the SR dies in the midst of a snapshot of all disks, the other with a disk attached. There are
     * settings, a schedule, a clone, a plain file, and garbage.
     */
    private void shared(Path former) throws Exception {
        TestCertificates certificates = new TestCertificates(directory.resolve("pki"));
        try (PoolHost holder = start(former, certificates, "hosta", "hostb");
                PoolHost follower = start(former, certificates, "hostb", "hosta")) {
            Path path = directory.resolve("shared");
            LiveAgent agent = holder.agent();
            String sr = agent.createSr("pool", path);
            agent.detachSr(sr);
            agent.process().cli("sr", "share", path.toString(), "--coordination", "files");
            agent.process().cli("sr", "attach", path.toString());
            follower.agent().process().cli("sr", "attach", path.toString());
            agent.process().cli("sr", "set", "pool", "--description", "of a former version", "--snapshots", "50");
            agent.process().cli("gc", "set", "pool", "--gc", "off");

            List<String> disks = disks(agent, sr);
            String raw = LiveAgent.id(
                    JsonParser.parseString(agent.process()
                            .cli("vdi", "create", "pool", "--size", "" + DISK_BYTES, "--raw", "--name", "raw")
                            .stdout()),
                    "vdi");
            agent.attach(raw);
            write(agent, raw);
            agent.cloneOf(disks.get(0));
            agent.destroy(agent.snapshot(disks.get(1)));
            agent.process()
                    .cli(
                            "schedule",
                            "create",
                            "nightly",
                            "--sr",
                            "pool",
                            "--cron",
                            "30 2 * * *",
                            "--keep-last",
                            "3",
                            "--on-missed",
                            "skip",
                            "--key",
                            "backup=yes");
            String remote = agent.createVdi(sr, "of the follower", DISK_BYTES);
            follower.agent().attach(remote);
            write(follower.agent(), remote);
            describe(agent, sr, "shared");

            cut(agent, path, () -> () -> agent.snapshot(disks));
            follower.agent().process().kill9();
        }
    }

    private PoolHost start(Path former, TestCertificates certificates, String name, String other) throws IOException {
        return PoolHost.start(
                former,
                Files.createDirectory(directory.resolve(name)),
                certificates,
                name,
                List.of(other),
                "127.0.0.1");
    }

    /** One host, which dies while it merges nodes of a disk in use. */
    private void merging(Path former) throws Exception {
        Path path = directory.resolve("merging");
        try (LiveAgent agent = LiveAgent.start(former, Files.createDirectory(directory.resolve("run")), List.of())) {
            String sr = agent.createSr("merging", path);
            agent.process().cli("gc", "set", "merging", "--gc", "off");
            List<String> disks = disks(agent, sr);
            cut(agent, path, () -> {
                for (String disk : disks) {
                    String snapshot = agent.snapshot(disk);
                    write(agent, disk);
                    agent.destroy(snapshot);
                }
                describe(agent, sr, "merging");
                return () -> agent.collectGarbage(sr);
            });
        }
    }

    /** Returns disks that have a snapshot each, and are attached. */
    private List<String> disks(LiveAgent agent, String sr) throws IOException {
        List<String> disks = new ArrayList<>();
        for (int i = 0; i < DISKS; i++) {
            String disk = agent.createVdi(sr, "Stra\u00dfe " + i, DISK_BYTES);
            agent.process().cli("vdi", "set", disk, "--description", "disk \u2603", "--key", "backup=yes");
            agent.attach(disk);
            write(agent, disk);
            disks.add(disk);
        }
        assertThat(agent.snapshot(disks)).hasSize(DISKS);
        for (String disk : disks) {
            write(agent, disk);
        }
        return disks;
    }

    /** Some pieces in each block, flushed. */
    private void write(LiveAgent agent, String disk) throws IOException {
        try (NbdClient client = agent.connect(disk)) {
            for (long block = 0; block < DISK_BYTES; block += BLOCK_BYTES) {
                byte[] piece = new byte[PIECE_BYTES];
                random.nextBytes(piece);
                client.write(block + random.nextInt(64) * 4096L, piece);
            }
            client.flush();
        }
    }

    /** Writes down what the former version reads, and what it says of its disks. */
    private void describe(LiveAgent agent, String sr, String name) throws IOException {
        Map<String, String> sums = new TreeMap<>();
        Map<String, String> names = new TreeMap<>();
        for (JsonObject vdi : agent.vdis(sr)) {
            String id = LiveAgent.id(vdi, "vdi");
            names.put(id, LiveAgent.id(vdi, "name"));
            sums.put(id, sum(agent, vdi));
        }
        write(name + ".sums", sums);
        write(name + ".names", names);
    }

    private static String sum(LiveAgent agent, JsonObject vdi) throws IOException {
        String id = LiveAgent.id(vdi, "vdi");
        boolean attached = !LiveAgent.id(vdi, "state").equals("detached");
        if (!attached) {
            agent.attachReadOnly(id);
        }
        try (NbdClient client = agent.connect(id)) {
            return Digests.sha256(client.read(0, (int) client.sizeBytes()));
        } finally {
            if (!attached) {
                agent.detach(id);
            }
        }
    }

    private void write(String file, Map<String, String> lines) throws IOException {
        StringBuilder text = new StringBuilder();
        lines.forEach((id, value) -> text.append(id).append(' ').append(value).append('\n'));
        Files.writeString(directory.resolve(file), text);
    }

    /** Something that writes a journal, so that the agent can be killed in the midst of it. */
    private interface Operation {
        void run() throws IOException;
    }

    /** Makes something to be done. */
    private interface Preparation {
        Operation prepare() throws IOException;
    }

    /** Kills the agent when there is a journal; begins again if that was too late. */
    private static void cut(LiveAgent agent, Path sr, Preparation preparation) throws Exception {
        Path journal = sr.resolve(JOURNAL);
        for (int tries = 0; tries < TRIES; tries++) {
            Operation operation = preparation.prepare();
            Task<String> task = Task.start("operation", () -> {
                try {
                    operation.run();
                    return "done";
                } catch (IOException | SrException e) {
                    return "cut";
                }
            });
            while (!Files.exists(journal) && !task.endsWithin(Duration.ZERO)) {
                Thread.onSpinWait();
            }
            agent.process().kill9();
            if (Files.exists(journal)) {
                return;
            }
            agent.process().restart();
        }
        throw new AssertionError("the agent was not killed while there was " + journal);
    }
}
