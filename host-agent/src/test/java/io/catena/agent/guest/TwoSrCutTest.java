package io.catena.agent.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.Agent;
import io.catena.agent.RunDirectory;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.guest.FakeHypervisor.FakeGuest;
import io.catena.agent.nbd.NbdLimits;
import io.catena.agent.nbd.client.NbdDisk;
import io.catena.agent.remedy.CommandWords;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A guest counts up on disks of two SRs, each number on the first, then on the second. */
@Timeout(240)
final class TwoSrCutTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final List<String> SRS = List.of("one", "two");
    private static final int ROUNDS = 5;

    private final FakeHypervisor hypervisor = new FakeHypervisor();
    private final FakeGuest guest = hypervisor.add("debian");
    private final Agent agent;
    private final ControlClient client;
    private final CompletableFuture<Long> counting = new CompletableFuture<>();

    private boolean isCounting;
    private volatile boolean ended;
    private volatile long counted;

    TwoSrCutTest(@TempDir Path directory) throws IOException {
        Path run = directory.resolve("run");
        agent = Agent.start(run, new Agent.Options(NbdLimits.DEFAULT, null, false), nbdSocket -> hypervisor);
        client = new ControlClient(RunDirectory.controlSocket(run), PATIENCE);
        for (String sr : SRS) {
            client.post(
                    "/v1/srs", json("name", sr, "path", directory.resolve(sr).toString()));
            JsonObject disk = json("name", "disk-" + sr);
            disk.addProperty("sizeBytes", 4 << 20);
            client.post("/v1/srs/" + sr + "/vdis", disk);
            client.post("/v1/guests/debian/attach", json("vdi", "disk-" + sr));
        }
    }

    @AfterEach
    void close() throws Exception {
        ended = true;
        if (isCounting) {
            counting.get(60, TimeUnit.SECONDS);
        }
        agent.close();
    }

    @Test
    void whatIsCutOfBothFitsTogetherOrNothingIsCut() throws Exception {
        isCounting = true;
        Thread writer = new Thread(this::count, "counter");
        writer.start();
        List<Long> seen = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            awaitCount(counted + 10);
            List<Long> cut = numbers(client.post("/v1/guests/debian/snapshot", json("freeze", "try")));
            assertThat(cut).hasSize(2);
            assertThat(cut.get(1)).as("of the second disk").isEqualTo(cut.get(0));
            seen.add(cut.get(0));
        }
        assertThat(seen).isSorted().doesNotHaveDuplicates();

        int disks = disks();
        for (String freeze : List.of("try", "require")) {
            guest.filesystems = 0;
            assertRefused(freeze);
        }
        guest.filesystems = 2;
        assertRefused("never");
        assertThat(disks()).as("what is refused cuts nothing").isEqualTo(disks);
    }

    /** What an SR can tell beforehand keeps the others from being cut. */
    @Test
    void anSrThatHasNoRoomRefusesBeforeTheOtherIsCut() {
        mostSnapshots("two", 1);
        snapshot();
        int disks = disks();
        assertThatThrownBy(this::snapshot)
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.QUOTA_EXCEEDED));
        assertThat(disks()).isEqualTo(disks);
        assertThat(hypervisor.events().stream().filter("freeze"::equals)).hasSize(1);
    }

    /** The second SR gets its limit after it was asked, while the guest holds still. */
    @Test
    void whatWasTakenBeforeTheSecondSrFailedIsNamedWithWhatToDo() {
        snapshot();
        Set<String> before = ids("one");
        int disks = disks();
        guest.whenFrozen = () -> mostSnapshots("two", 1);
        assertThatThrownBy(this::snapshot).isInstanceOfSatisfying(SrException.class, e -> {
            Set<String> added = ids("one");
            added.removeAll(before);
            String taken = added.iterator().next();
            String one = client.get("/v1/srs/one").getAsJsonObject().get("sr").getAsString();
            assertThat(e.error()).isEqualTo(SrError.VDI_SNAPSHOT);
            assertThat(e.detail())
                    .contains("SR two (", "QUOTA_EXCEEDED", taken + " of disk ", " in SR one (" + one + ")");
            assertThat(CommandWords.orNull(e.advice())).contains("catena vdi destroy " + taken, "catena sr set ");
        });
        assertThat(disks()).isEqualTo(disks + 1);
        assertThat(guest.frozen).isZero();
    }

    private JsonElement snapshot() {
        return client.post("/v1/guests/debian/snapshot", json("freeze", "try"));
    }

    private void mostSnapshots(String sr, int perVdi) {
        JsonObject limit = new JsonObject();
        limit.addProperty("snapshotsPerVdi", perVdi);
        client.post("/v1/srs/" + sr + "/set", limit);
    }

    private Set<String> ids(String sr) {
        return client.get("/v1/srs/" + sr + "/vdis").getAsJsonArray().asList().stream()
                .map(vdi -> vdi.getAsJsonObject().get("vdi").getAsString())
                .collect(Collectors.toSet());
    }

    private void assertRefused(String freeze) {
        assertThatThrownBy(() -> client.post("/v1/guests/debian/snapshot", json("freeze", freeze)))
                .hasMessageContaining("2 SRs, which share no instant");
    }

    private int disks() {
        return SRS.stream().mapToInt(sr -> ids(sr).size()).sum();
    }

    /** As a guest does whose file systems can be held still: between two numbers. */
    private void count() {
        try (NbdDisk one = open("disk-one");
                NbdDisk two = open("disk-two")) {
            for (long number = 1; !ended; number++) {
                synchronized (hypervisor) {
                    while (guest.frozen > 0) {
                        hypervisor.wait();
                    }
                    one.write(0, number(number));
                    two.write(0, number(number));
                }
                counted = number;
                TimeUnit.MILLISECONDS.sleep(1);
            }
            counting.complete(counted);
        } catch (IOException | InterruptedException | RuntimeException e) {
            counting.completeExceptionally(e);
        }
    }

    private void awaitCount(long number) throws Exception {
        while (counted < number) {
            if (counting.isDone()) {
                counting.get();
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    private static ByteBuffer number(long number) {
        return ByteBuffer.allocate(512).putLong(0, number);
    }

    private List<Long> numbers(JsonElement taken) throws IOException {
        List<Long> numbers = new ArrayList<>();
        for (JsonElement snapshot : taken.getAsJsonObject().getAsJsonArray("snapshots")) {
            String vdi = snapshot.getAsJsonObject().get("vdi").getAsString();
            client.post("/v1/vdis/" + vdi + "/attach", json("holder", "test", "mode", "ro"));
            try (NbdDisk disk = open(vdi)) {
                ByteBuffer sector = ByteBuffer.allocate(512);
                disk.read(0, sector);
                numbers.add(sector.getLong(0));
            }
        }
        return numbers;
    }

    private NbdDisk open(String vdi) throws IOException {
        JsonObject export = client.get("/v1/vdis/" + vdi).getAsJsonObject().getAsJsonObject("export");
        return NbdDisk.connect(export.get("uri").getAsString(), PATIENCE);
    }

    private static JsonObject json(String... keysAndValues) {
        JsonObject json = new JsonObject();
        for (int i = 0; i + 1 < keysAndValues.length; i += 2) {
            json.addProperty(keysAndValues[i], keysAndValues[i + 1]);
        }
        return json;
    }
}
