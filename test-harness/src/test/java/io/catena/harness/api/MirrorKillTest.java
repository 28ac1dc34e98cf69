package io.catena.harness.api;

import static io.catena.harness.Waiting.until;
import static io.catena.harness.api.SourceAgent.json;
import static io.catena.harness.api.SourceAgent.text;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.control.client.ControlClient;
import io.catena.harness.machine.WholeMachine;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.TestCertificates;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A disk in use is mirrored from agent to agent, and the one that has the copy is killed. */
@Timeout(180)
@Tag("slow")
@WholeMachine
class MirrorKillTest {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(10);
    private static final int SIZE_BYTES = 32 << 20;
    private static final int MOST_BYTES = 64 << 10;
    private static final int THINKING_MILLIS = 2;

    @Test
    void theDiskGoesOnAndTheCopyIsWholeAtLast(@TempDir Path directory) throws IOException, InterruptedException {
        try (ApiProcess there = new ApiProcess(Files.createDirectory(directory.resolve("there")), true);
                AgentProcess here = source(directory, there.certificates)) {
            there.sr("offsite");
            there.local().put("/v1/clients/source-host", json("{'role':'operator','everything':true}"));
            String disk = disk(here, directory.resolve("sr"));
            String copy = UUID.randomUUID().toString();
            AtomicBoolean over = new AtomicBoolean();
            CompletableFuture<Duration> guest = CompletableFuture.supplyAsync(() -> use(here, disk, over));
            try {
                mirror(here, there, disk, copy);
                until("the mirror is in sync", () -> mirrors(here).contains("\"state\":\"in-sync\"") || guest.isDone());

                there.agent().kill9();
                until("the mirror is broken", () -> mirrors(here).contains("\"state\":\"broken\"") || guest.isDone());
                there.agent().restart();
                until("the mirror is in sync", () -> mirrors(here).contains("\"state\":\"in-sync\"") || guest.isDone());
            } finally {
                over.set(true);
            }
            assertThat(guest.join()).as("the longest wait of the guest").isLessThan(LONGEST_WAIT);
            until("the mirror is in sync", () -> mirrors(here).contains("\"state\":\"in-sync\""));
            post(here, "/v1/vdis/" + disk + "/switch", "{}");

            assertThat(SourceAgent.content(there.agent().runDirectory(), copy))
                    .isEqualTo(SourceAgent.content(here.runDirectory(), disk));
        }
    }

    private static AgentProcess source(Path directory, TestCertificates certificates) throws IOException {
        certificates.certify("source", "source-host");
        return AgentProcess.startShortLived(
                directory.resolve("run"),
                "--libvirt=none",
                "--api-listen=127.0.0.1:0",
                "--api-certificate=" + certificates.certificate("source"),
                "--api-key=" + certificates.key("source"),
                "--api-ca=" + certificates.authority(),
                "--nbd-listen=127.0.0.1:0",
                "--nbd-tls-certificate=" + certificates.certificate("source"),
                "--nbd-tls-key=" + certificates.key("source"),
                "--cluster-url=https://source-host:1");
    }

    private static String disk(AgentProcess here, Path directory) {
        String sr = text(post(here, "/v1/srs", "{'name':'s','path':'" + directory + "'}"), "sr");
        String disk = text(post(here, "/v1/srs/" + sr + "/vdis", "{'sizeBytes':" + SIZE_BYTES + "}"), "vdi");
        post(here, "/v1/vdis/" + disk + "/attach", "{}");
        return disk;
    }

    private static void mirror(AgentProcess here, ApiProcess there, String disk, String copy) throws IOException {
        JsonObject body = json("{'url':'https://localhost:" + there.port() + "','sr':'offsite','uuid':'" + copy + "'}");
        body.addProperty("authorities", Files.readString(there.certificates.authority()));
        client(here).post("/v1/vdis/" + disk + "/mirror", body);
    }

    /** Writes, discards and flushes as a guest that also thinks, until it is over; returns the longest time that an answer took. */
    private static Duration use(AgentProcess agent, String disk, AtomicBoolean over) {
        Random random = new Random(19);
        long longest = 0;
        try (NbdClient client = NbdClient.connect(agent.runDirectory().resolve("nbd.sock"), disk)) {
            while (!over.get()) {
                int length = 512 * (1 + random.nextInt(MOST_BYTES / 512));
                long offset = 512L * random.nextInt((SIZE_BYTES - MOST_BYTES) / 512);
                byte[] bytes = SourceAgent.bytes(length, random);
                long start = System.nanoTime();
                switch (random.nextInt(16)) {
                    case 0 -> client.flush();
                    case 1 -> client.trim(offset, length);
                    default -> client.write(offset, bytes);
                }
                longest = Math.max(longest, System.nanoTime() - start);
                TimeUnit.MILLISECONDS.sleep(THINKING_MILLIS);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        return Duration.ofNanos(longest);
    }

    private static String mirrors(AgentProcess agent) {
        return client(agent).get("/v1/mirrors").toString();
    }

    private static ControlClient client(AgentProcess agent) {
        return new ControlClient(agent.runDirectory().resolve("agent.sock"), DEADLINE);
    }

    private static JsonElement post(AgentProcess agent, String path, String body) {
        return client(agent).post(path, json(body));
    }
}
