package io.catena.harness.bench.export;

import com.google.gson.JsonObject;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.NbdClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;

/** A disk of which every other block holds data, with a snapshot of that, and one after a hundredth was written anew. */
final class SparseDisk {
    private static final int BLOCK = 2 << 20;
    private static final int PAGE = 64 << 10;
    private static final int CHANGED_PART = 100;

    private final AgentProcess agent;
    private final long sizeBytes;
    private final Random random = new Random(1);
    private final String disk;
    private final String before;
    private final String after;

    SparseDisk(AgentProcess agent, Path directory, long sizeBytes) throws IOException {
        this.agent = agent;
        this.sizeBytes = sizeBytes;
        agent.cli("sr", "create", "bench", "--path", directory.resolve("sr").toString());
        disk = imported(directory.resolve("raw"));
        before = snapshot();
        change();
        after = snapshot();
    }

    private String imported(Path raw) throws IOException {
        try (FileChannel file = FileChannel.open(raw, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            byte[] block = new byte[BLOCK];
            for (long offset = 0; offset < sizeBytes; offset += 2 * BLOCK) {
                random.nextBytes(block);
                file.write(ByteBuffer.wrap(block), offset);
            }
            file.write(ByteBuffer.allocate(1), sizeBytes - 1);
            return field(agent.cli("vdi", "import", "bench", "--format", "raw", "--input", raw.toString())
                    .json()
                    .getAsJsonObject());
        } finally {
            Files.deleteIfExists(raw);
        }
    }

    private static String field(JsonObject answer) {
        return answer.get("vdi").getAsString();
    }

    private String snapshot() throws IOException {
        return field(agent.cli("vdi", "snapshot", disk)
                .json()
                .getAsJsonArray()
                .get(0)
                .getAsJsonObject());
    }

    private void change() throws IOException {
        agent.cli("vdi", "attach", disk);
        try (NbdClient client = NbdClient.connect(agent.runDirectory().resolve("nbd.sock"), disk)) {
            byte[] page = new byte[PAGE];
            for (long written = 0; written < sizeBytes / CHANGED_PART; written += PAGE) {
                random.nextBytes(page);
                client.write(random.nextLong(sizeBytes / PAGE) * PAGE, page);
            }
            client.flush();
            client.disconnect();
        }
        agent.cli("vdi", "detach", disk);
    }

    String before() {
        return before;
    }

    String after() {
        return after;
    }

    /** Serves the newer snapshot; returns where. */
    String serve() throws IOException {
        agent.cli("vdi", "attach", after, "--read-only");
        return "nbd+unix:///" + after + "?socket=" + agent.runDirectory().resolve("nbd.sock");
    }
}
