package io.catena.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.host.SrOpener;
import io.catena.agent.nbd.NbdExports;
import io.catena.agent.nbd.client.NbdDisk;
import io.catena.api.AccessMode;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.disk.FilteringExporter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An agent that starts anew with several disks, while a guest waits for the last of them. */
@Timeout(60)
final class AwaitedFirstTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final long LOOK_MILLIS = 5;

    private final CountDownLatch firstIsOnItsWay = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final List<VdiId> published = new CopyOnWriteArrayList<>();
    private final Path sr;
    private final Path run;
    private @Nullable CompletableFuture<Agent> next;

    AwaitedFirstTest(@TempDir Path directory) {
        sr = directory.resolve("sr");
        run = directory.resolve("run");
    }

    @AfterEach
    void close() {
        goOn.countDown();
        if (next != null) {
            next.join().close();
        }
    }

    @Test
    void theDiskThatAGuestWaitsForComesNext() throws Exception {
        List<VdiId> disks;
        try (Agent first = Agent.start(run, parts -> new VhdOpener(parts, List::of))) {
            assertThat(first.probes()).isNotEmpty();
            disks = attachedDisks(3);
        }
        CompletableFuture<Agent> second = CompletableFuture.supplyAsync(this::start);
        next = second;
        assertThat(firstIsOnItsWay.await(20, TimeUnit.SECONDS)).isTrue();

        CompletableFuture<Void> guest = CompletableFuture.runAsync(() -> read(disks.get(2)));
        while (!somebodyWaits()) {
            Thread.sleep(LOOK_MILLIS);
        }
        goOn.countDown();

        guest.get(20, TimeUnit.SECONDS);
        assertThat(second.get(20, TimeUnit.SECONDS)).isNotNull();
        assertThat(published).containsExactly(disks.get(0), disks.get(2), disks.get(1));
    }

    private Agent start() {
        try {
            return Agent.start(run, this::slowOpener);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Opens SRs whose first disk is served when the test wants it. */
    private SrOpener slowOpener(Agent.Parts parts) throws IOException {
        return new VhdOpener(
                new Agent.Parts(
                        parts.redoDirectory(),
                        parts.singleHostFile(),
                        new FilteringExporter(parts.exporter(), List.of(this::published)),
                        parts.jobs(),
                        parts.clock(),
                        parts.pool()),
                List::of);
    }

    private BlockDevice published(VdiId vdi, AccessMode mode, BlockDevice disk) {
        published.add(vdi);
        firstIsOnItsWay.countDown();
        try {
            goOn.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return disk;
    }

    /** Whether a thread stands still in the waiting room. */
    private static boolean somebodyWaits() {
        return Thread.getAllStackTraces().values().stream()
                .anyMatch(stack -> stack.length > 0
                        && stack[0].getMethodName().startsWith("wait")
                        && Arrays.stream(stack)
                                .anyMatch(frame -> frame.getClassName().equals(NbdExports.class.getName())));
    }

    private List<VdiId> attachedDisks(int count) throws IOException {
        ControlClient control = new ControlClient(run.resolve("agent.sock"), PATIENCE);
        control.post("/v1/srs", json("name", "main", "path", sr.toString()));
        List<VdiId> disks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            JsonObject disk = json("name", "disk" + i);
            disk.addProperty("sizeBytes", 1 << 20);
            String vdi = control.post("/v1/srs/main/vdis", disk)
                    .getAsJsonObject()
                    .get("vdi")
                    .getAsString();
            control.post("/v1/vdis/" + vdi + "/attach", json("mode", "rw"));
            disks.add(VdiId.parse(vdi));
        }
        return disks;
    }

    private static JsonObject json(String... members) {
        JsonObject object = new JsonObject();
        for (int i = 0; i < members.length; i += 2) {
            object.addProperty(members[i], members[i + 1]);
        }
        return object;
    }

    private void read(VdiId vdi) {
        try (NbdDisk disk = NbdDisk.connect("nbd+unix:///" + vdi + "?socket=" + run.resolve("nbd.sock"), PATIENCE)) {
            disk.read(0, ByteBuffer.allocate(1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
