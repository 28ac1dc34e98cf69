package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.peer.NbdClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an agent takes of the host's memory. {@code -Dexports=1000} attaches more disks. */
@Tag("slow")
class FootprintTest {
    private static final int EXPORTS = Integer.getInteger("exports", 100);
    private static final long MOST_BYTES = 250 << 20;
    private static final long DISK_BYTES = 10L << 30;
    private static final int REQUESTS = 20;
    private static final int REQUEST_BYTES = 64 << 10;

    @TempDir
    Path directory;

    private LiveAgent agent;

    @BeforeEach
    void startAgent() throws IOException {
        agent = LiveAgent.start(directory.resolve("run"));
    }

    @AfterEach
    void stopAgent() throws IOException {
        agent.close();
    }

    @Test
    void aHundredDisksInUseTakeLessThan250MiB() throws IOException {
        String sr = agent.createSr("many", directory.resolve("sr"));
        long before = residentBytes();
        List<NbdClient> clients = new ArrayList<>();
        try {
            for (int i = 0; i < EXPORTS; i++) {
                String vdi = agent.createVdi(sr, "disk-" + i, DISK_BYTES);
                agent.attach(vdi);
                clients.add(agent.connect(vdi));
            }
            long attached = residentBytes();
            for (NbdClient client : clients) {
                use(client);
            }
            long used = residentBytes();
            System.out.printf(
                    Locale.ROOT,
                    "footprint: %d MiB before, %d MiB with %d clients connected, %d MiB after their requests%n",
                    before >> 20,
                    attached >> 20,
                    EXPORTS,
                    used >> 20);
            assertThat(used).isLessThan(MOST_BYTES);
        } finally {
            for (NbdClient client : clients) {
                client.close();
            }
        }
    }

    private static void use(NbdClient client) throws IOException {
        for (int i = 0; i < REQUESTS; i++) {
            long offset = i * (DISK_BYTES / REQUESTS);
            client.write(offset, new byte[REQUEST_BYTES]);
            client.read(offset, REQUEST_BYTES);
        }
        client.flush();
    }

    private long residentBytes() throws IOException {
        Path status = Path.of("/proc/" + agent.process().pid() + "/status");
        for (String line : Files.readAllLines(status, StandardCharsets.UTF_8)) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
            }
        }
        throw new IOException(status + " has no VmRSS");
    }
}
