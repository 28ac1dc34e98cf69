package io.catena.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.host.AttachedSr;
import io.catena.agent.host.SrOpener;
import io.catena.agent.nbd.client.NbdDisk;
import io.catena.api.SrId;
import io.catena.api.SrProbe;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An agent that starts anew, while the storage below one of its SRs hangs. */
@Tag("slow")
@Timeout(60)
final class EarlyServiceTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final CountDownLatch hanging = new CountDownLatch(1);
    private final CountDownLatch answers = new CountDownLatch(1);
    private final Path slowSr;
    private final Path quickSr;
    private final Path run;
    private String slow = "";
    private String quick = "";
    private CompletableFuture<Agent> next = new CompletableFuture<>();

    EarlyServiceTest(@TempDir Path directory) {
        // The first of them to be attached.
        slowSr = directory.resolve("a");
        quickSr = directory.resolve("b");
        run = directory.resolve("run");
    }

    @BeforeEach
    void startAnew() throws IOException {
        Agent first = Agent.start(run, parts -> new VhdOpener(parts, List::of));
        try {
            slow = attachedDisk(slowSr);
            quick = attachedDisk(quickSr);
        } finally {
            first.close();
        }
        next = CompletableFuture.supplyAsync(this::start);
    }

    @AfterEach
    void close() {
        answers.countDown();
        next.join().close();
    }

    @Test
    void theDisksOfOtherSrsAreServedAndItsOwnAreWaitedFor() throws Exception {
        assertThat(hanging.await(20, TimeUnit.SECONDS)).isTrue();

        assertThat(firstByte(quick)).isEqualTo((byte) 7);
        CompletableFuture<Byte> waiting = CompletableFuture.supplyAsync(() -> firstByte(slow));
        assertThat(firstByte(quick)).isEqualTo((byte) 7);
        assertThat(waiting).isNotDone();
        assertThat(next).isNotDone();

        answers.countDown();
        assertThat(waiting.get(20, TimeUnit.SECONDS)).isEqualTo((byte) 7);
        assertThat(next.get(20, TimeUnit.SECONDS)).isNotNull();
    }

    @Test
    void whatIsNotThereAfterAllIsRefused() throws Exception {
        assertThat(hanging.await(20, TimeUnit.SECONDS)).isTrue();
        CompletableFuture<Byte> stranger = CompletableFuture.supplyAsync(() -> firstByte("of-no-sr"));

        answers.countDown();

        next.get(20, TimeUnit.SECONDS);
        assertThatThrownBy(stranger::join).hasMessageContaining("no export of this name");
    }

    private Agent start() {
        try {
            return Agent.start(run, parts -> new HangingOpener(new VhdOpener(parts, List::of)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String attachedDisk(Path directory) throws IOException {
        ControlClient control = new ControlClient(run.resolve("agent.sock"), PATIENCE);
        String name = directory.getFileName().toString();
        control.post("/v1/srs", json("name", name, "path", directory.toString()));
        JsonObject disk = json("name", "disk");
        disk.addProperty("sizeBytes", 1 << 20);
        String vdi = control.post("/v1/srs/" + name + "/vdis", disk)
                .getAsJsonObject()
                .get("vdi")
                .getAsString();
        control.post("/v1/vdis/" + vdi + "/attach", json("mode", "rw"));
        try (NbdDisk nbd = connect(vdi)) {
            nbd.write(0, ByteBuffer.wrap(new byte[] {7}));
        }
        return vdi;
    }

    private static JsonObject json(String... members) {
        JsonObject object = new JsonObject();
        for (int i = 0; i < members.length; i += 2) {
            object.addProperty(members[i], members[i + 1]);
        }
        return object;
    }

    private byte firstByte(String export) {
        ByteBuffer first = ByteBuffer.allocate(1);
        try (NbdDisk disk = connect(export)) {
            disk.read(0, first);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return first.get(0);
    }

    private NbdDisk connect(String export) throws IOException {
        return NbdDisk.connect("nbd+unix:///" + export + "?socket=" + run.resolve("nbd.sock"), PATIENCE);
    }

    /** Waits with the one SR until the test lets it go on. */
    private final class HangingOpener implements SrOpener {
        private final SrOpener real;

        HangingOpener(SrOpener real) {
            this.real = real;
        }

        @Override
        public AttachedSr attach(Path directory, @Nullable SrId expected, boolean adopt) throws IOException {
            if (directory.equals(slowSr)) {
                hanging.countDown();
                await(answers);
            }
            return real.attach(directory, expected, adopt);
        }

        @Override
        public AttachedSr create(Path directory, SrId id, String name) throws IOException {
            return real.create(directory, id, name);
        }

        @Override
        public SrProbe probe(Path directory) {
            return real.probe(directory);
        }
    }

    private static void await(CountDownLatch latch) throws IOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }
}
