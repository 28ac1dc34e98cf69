package io.catena.harness.e2e;

import static io.catena.harness.Waiting.until;
import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.machine.WholeMachine;
import io.catena.harness.peer.NbdClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What an agent takes of the host's memory, threads and descriptors, and that the next one serves it all again. {@code
 * -Dexports=1000} attaches more disks.
 */
@Tag("slow")
@WholeMachine
class FootprintTest {
    private static final int EXPORTS = Integer.getInteger("exports", 100);
    private static final long MOST_BYTES = (250L << 20) + Math.max(0, EXPORTS - 100) * (1L << 20);

    /** Of a disk with a client: its file, its log and its socket, some of them more than once. */
    private static final int MOST_DESCRIPTORS = 300 + 8 * EXPORTS;

    /** Of a disk: its connection's. */
    private static final int MOST_THREADS = 150 + EXPORTS;

    private static final long DISK_BYTES = 10L << 30;
    private static final int REQUESTS = 20;
    private static final int REQUEST_BYTES = 64 << 10;
    private static final byte DATA = 7;

    private static final int READERS = 12;
    private static final int LARGEST_BYTES = 32 << 20;
    private static final long LOAD_BYTES = READERS * (long) LARGEST_BYTES * 3 / 4;
    private static final long MOST_LEFT_BYTES = 64 << 20;

    @TempDir
    Path directory;

    private LiveAgent agent;

    @BeforeEach
    void startAgent() throws IOException {
        agent = LiveAgent.startMeasured(directory.resolve("run"));
    }

    @AfterEach
    void stopAgent() throws IOException {
        agent.close();
    }

    @Test
    void aHundredDisksInUseTakeLessThan250MiB() throws IOException {
        String sr = agent.createSr("many", directory.resolve("sr"));
        long before = residentBytes();
        List<String> vdis = new ArrayList<>();
        List<NbdClient> clients = new ArrayList<>();
        try {
            for (int i = 0; i < EXPORTS; i++) {
                String vdi = agent.createVdi(sr, "disk-" + i, DISK_BYTES);
                agent.attach(vdi);
                vdis.add(vdi);
                clients.add(agent.connect(vdi));
            }
            long attached = residentBytes();
            for (NbdClient client : clients) {
                use(client);
            }
            long used = residentBytes();
            int threads = entries("task");
            int descriptors = entries("fd");
            System.out.printf(
                    Locale.ROOT,
                    "footprint: %d MiB before, %d MiB with %d clients connected, %d MiB after their requests; %d threads, %d"
                            + " descriptors%n",
                    before >> 20,
                    attached >> 20,
                    EXPORTS,
                    used >> 20,
                    threads,
                    descriptors);
            assertThat(used).isLessThan(MOST_BYTES);
            assertThat(threads).isLessThan(MOST_THREADS);
            assertThat(descriptors).isLessThan(MOST_DESCRIPTORS);
        } finally {
            for (NbdClient client : clients) {
                client.close();
            }
        }
        allComeBack(vdis);
    }

    /** Each asks for as much as there may be in one request, and takes in nothing before all have a buffer. */
    @Test
    void theMemoryOfALoadIsGivenBackAfterIt() throws IOException, InterruptedException {
        String sr = agent.createSr("load", directory.resolve("sr"));
        List<NbdClient> clients = new ArrayList<>();
        try {
            for (int i = 0; i < READERS; i++) {
                String vdi = agent.createVdi(sr, "disk-" + i, DISK_BYTES);
                agent.attach(vdi);
                clients.add(agent.connect(vdi));
            }
            long before = residentBytes();
            List<Long> cookies = new ArrayList<>();
            for (NbdClient client : clients) {
                cookies.add(client.sendRequest(0, NbdClient.READ, 0, LARGEST_BYTES, new byte[0]));
            }
            until("the buffers are in use", () -> residentBytes() > before + LOAD_BYTES);
            for (int i = 0; i < READERS; i++) {
                assertThat(clients.get(i).receiveReply(cookies.get(i))).isZero();
                assertThat(clients.get(i).receive(LARGEST_BYTES)).hasSize(LARGEST_BYTES);
            }
            until("they are given back", () -> residentBytes() < before + MOST_LEFT_BYTES);
        } finally {
            for (NbdClient client : clients) {
                client.close();
            }
        }
    }

    private void allComeBack(List<String> vdis) throws IOException {
        agent.process().kill9();
        long start = System.nanoTime();
        agent.process().restart();
        System.out.printf(
                Locale.ROOT, "footprint: killed, and ready after %d ms%n", (System.nanoTime() - start) / 1_000_000);
        byte[] first = new byte[REQUEST_BYTES];
        Arrays.fill(first, DATA);
        for (String vdi : vdis) {
            try (NbdClient client = agent.connect(vdi)) {
                assertThat(client.read(0, REQUEST_BYTES)).as(vdi).isEqualTo(first);
            }
        }
    }

    /** Returns how many threads, or descriptors, the agent has. */
    private int entries(String kind) throws IOException {
        try (Stream<Path> entries =
                Files.list(Path.of("/proc/" + agent.process().pid() + "/" + kind))) {
            return (int) entries.count();
        }
    }

    private static void use(NbdClient client) throws IOException {
        byte[] data = new byte[REQUEST_BYTES];
        Arrays.fill(data, DATA);
        for (int i = 0; i < REQUESTS; i++) {
            long offset = i * (DISK_BYTES / REQUESTS);
            client.write(offset, data);
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
