package io.catena.harness.api;

import static io.catena.harness.Waiting.until;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.catena.agent.control.Role;
import io.catena.agent.nbd.client.NbdDisk;
import io.catena.harness.api.ApiFixture.Answer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Many who wait and many who read events: they take no threads, and who does not read harms nobody but itself. */
@Timeout(120)
@Tag("slow")
class ManyReadersTest {
    private static final int WAITERS = 300;
    private static final int READERS = 35;

    /** Those who read all that the silent ones do not. */
    private static final int BUSY = 5;

    private static final int SILENT = 10;
    private static final int BATCH = 400;

    /** With what the kernel takes of it, more than a reader may be behind. */
    private static final int MOST_BATCHES = 60;

    private static final int MOST_API_THREADS = 40;
    private static final int BLOCK = 2 << 20;
    private static final String LONG = "h".repeat(8000);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final ApiFixture api;
    private final List<Socket> silent = new ArrayList<>();

    ManyReadersTest(@TempDir Path directory) throws IOException {
        api = new ApiFixture(directory);
    }

    @AfterEach
    void close() throws IOException {
        for (Socket socket : silent) {
            socket.close();
        }
        api.close();
    }

    @Test
    void nobodyTakesAThreadAndWhoDoesNotReadIsDroppedAlone() throws Exception {
        long job = slowJob();
        String token = api.token(Role.OPERATOR);
        List<CompletableFuture<String>> waiters = new ArrayList<>();
        for (int i = 0; i < WAITERS; i++) {
            waiters.add(ended(token, job));
        }
        List<Lines> readers = new ArrayList<>();
        for (int i = 0; i < READERS; i++) {
            readers.add(follow(token, "vdi.changed"));
        }
        List<Lines> busy = new ArrayList<>();
        for (int i = 0; i < BUSY; i++) {
            busy.add(follow(token, "vdi.detached"));
        }
        for (int i = 0; i < SILENT; i++) {
            silent.add(neverRead(token));
        }
        until(
                "all readers are let in",
                () -> Stream.concat(readers.stream(), busy.stream()).allMatch(reader -> reader.begun));

        int told = 0;
        for (int batch = 0; batch < MOST_BATCHES && droppedReaders() < SILENT; batch++) {
            told += BATCH;
            tell(BATCH);
            int all = told;
            until("the busy have seen all", () -> busy.stream().allMatch(reader -> reader.events.get() == all));
        }
        api.ask("PATCH", token, "/v1/vdis/disk", "{'description':'changed'}");
        until("each has seen its own", () -> readers.stream().allMatch(reader -> reader.events.get() == 1));

        assertThat(droppedReaders()).isEqualTo(SILENT);
        for (Socket socket : silent) {
            assertThat(events(socket)).as("events until it was cut off").isBetween(1, told - 1);
        }
        assertThat(readers).noneMatch(reader -> reader.over);
        assertThat(busy).noneMatch(reader -> reader.over);
        assertThat(waiters).noneMatch(CompletableFuture::isDone);
        assertThat(apiThreads()).isLessThanOrEqualTo(MOST_API_THREADS);
        assertThat(api.get(token, "/v1/jobs").status()).isEqualTo(200);
        api.ask("POST", token, "/v1/jobs/" + job + "/cancel", "");
        for (CompletableFuture<String> waiter : waiters) {
            assertThat(waiter.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).contains("\"cancelled\"");
        }
    }

    /** Waits for the end of a job, again and again as the agent does not let one wait longer than a minute. */
    private CompletableFuture<String> ended(String token, long job) {
        return api.client()
                .sendAsync(
                        HttpRequest.newBuilder(api.uri("/v1/jobs/" + job + "?wait=60"))
                                .header("Authorization", "Bearer " + token)
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .thenCompose(answer -> answer.body().contains("\"running\"")
                        ? ended(token, job)
                        : CompletableFuture.completedFuture(answer.body()));
    }

    private static long apiThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().matches("api-[0-9]+.*"))
                .count();
    }

    /** Starts a collection that has much to copy and may do so very slowly. */
    private long slowJob() throws IOException {
        api.sr("main");
        JsonObject body = new JsonObject();
        body.addProperty("sizeBytes", 8 * BLOCK);
        body.addProperty("name", "disk");
        api.local().post("/v1/srs/main/vdis", body);
        JsonObject slowly = new JsonObject();
        slowly.addProperty("bytesPerSecond", 1000);
        api.local().post("/v1/srs/main/gc/set", slowly);
        String uri = api.local()
                .post("/v1/vdis/disk/attach", new JsonObject())
                .getAsJsonObject()
                .get("uri")
                .getAsString();
        try (NbdDisk disk = NbdDisk.connect(uri, PATIENCE)) {
            disk.write(BLOCK, ByteBuffer.wrap(filled()));
            snapshot("first");
            disk.write(2 * BLOCK, ByteBuffer.wrap(filled()));
            snapshot("second");
        }
        api.local().delete("/v1/vdis/first");
        return api.local().post("/v1/srs/main/gc").getAsJsonObject().get("job").getAsLong();
    }

    private static byte[] filled() {
        byte[] block = new byte[BLOCK];
        Arrays.fill(block, (byte) 7);
        return block;
    }

    private void snapshot(String name) {
        JsonObject body = new JsonObject();
        JsonArray vdis = new JsonArray();
        vdis.add("disk");
        body.add("vdis", vdis);
        body.addProperty("name", name);
        api.local().post("/v1/vdis/snapshot", body);
    }

    /** To detach a disk for one who does not have it changes nothing, and is told. */
    private void tell(int events) {
        JsonObject body = new JsonObject();
        body.addProperty("holder", LONG);
        for (int i = 0; i < events; i++) {
            api.local().post("/v1/vdis/disk/detach", body);
        }
    }

    private long droppedReaders() throws IOException {
        Answer metrics = api.get(api.token(Role.METRICS), "/metrics");
        return metrics.body()
                .lines()
                .filter(line -> line.startsWith("catena_event_readers_dropped_total "))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(line.indexOf(' ') + 1)))
                .sum();
    }

    @SuppressWarnings("FutureReturnValueIgnored") // the lines tell how it ends
    private Lines follow(String token, String kind) {
        Lines lines = new Lines();
        api.client()
                .sendAsync(
                        api.request("GET", token, "/v1/events?kinds=" + kind, null, "Accept", "text/event-stream"),
                        HttpResponse.BodyHandlers.fromLineSubscriber(lines));
        return lines;
    }

    /** Counts the events of a stream. */
    private static final class Lines implements Flow.Subscriber<String> {
        final AtomicInteger events = new AtomicInteger();
        volatile boolean begun;
        volatile boolean over;

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(String line) {
            begun = true;
            if (line.startsWith("event: ")) {
                events.incrementAndGet();
            }
        }

        @Override
        public void onError(Throwable failure) {
            over = true;
        }

        @Override
        public void onComplete() {
            over = true;
        }
    }

    private Socket neverRead(String token) throws IOException {
        Socket plain = new Socket();
        plain.setReceiveBufferSize(4096);
        plain.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), api.port()));
        SSLSocket socket = (SSLSocket)
                api.client().sslContext().getSocketFactory().createSocket(plain, "localhost", api.port(), true);
        socket.setSoTimeout((int) PATIENCE.toMillis());
        String request =
                "GET /v1/events?kinds=vdi.detached HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
                        + "Authorization: Bearer " + token + "\r\n\r\n";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    /** Returns how many events came before the connection ended. */
    private static int events(Socket socket) throws IOException {
        StringBuilder text = new StringBuilder();
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = socket.getInputStream()) {
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                text.append(new String(buffer, 0, length, StandardCharsets.UTF_8));
            }
        } catch (SSLException | SocketException e) {
            // Cut off: what came before counts.
        }
        return text.toString().split("event: vdi.detached", -1).length - 1;
    }
}
