package io.catena.harness.bench.api;

import io.catena.agent.tls.PemFiles;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Clients of the API over TLS: some wait for a job, some follow events, some ask something all the time. */
final class ApiLoad implements AutoCloseable {
    private static final int AT_ONCE = 50;
    private static final int WAIT_SECONDS = 20;

    private final URI root;
    private final String token;
    private final HttpClient client;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private final Set<Open> open = ConcurrentHashMap.newKeySet();
    private final List<Long> nanos = Collections.synchronizedList(new ArrayList<>());
    private final AtomicInteger failures = new AtomicInteger();

    /** A request that may still be answered. */
    private record Open(CompletableFuture<?> answer) {}

    ApiLoad(URI root, String token, Path authority) throws IOException {
        this.root = root;
        this.token = token;
        try {
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(PemFiles.authorities(authority));
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(null, trust.getTrustManagers(), null);
            client = HttpClient.newBuilder()
                    .sslContext(context)
                    .version(HttpClient.Version.HTTP_1_1)
                    .build();
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    /** So many wait for a job; whoever was told that it goes on waits again. */
    void await(long job, int clients) throws InterruptedException {
        String path = "/v1/jobs/" + job + "?wait=" + WAIT_SECONDS;
        for (int i = 0; i < clients; i++) {
            again(path);
            pace(i);
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // what becomes of it is looked at here
    private void again(String path) {
        CompletableFuture<HttpResponse<Void>> wait =
                client.sendAsync(request(path, "application/json"), HttpResponse.BodyHandlers.discarding());
        Open entry = new Open(wait);
        open.add(entry);
        wait.whenComplete((answer, failure) -> {
            open.remove(entry);
            if (clock.isShutdown()) {
                return;
            }
            if (failure == null && answer.statusCode() == 200) {
                again(path);
            } else {
                failures.incrementAndGet();
            }
        });
    }

    /** So many follow events. */
    void follow(int readers) throws InterruptedException {
        for (int i = 0; i < readers; i++) {
            open.add(new Open(client.sendAsync(
                    request("/v1/events", "text/event-stream"),
                    HttpResponse.BodyHandlers.ofByteArrayConsumer(b -> {}))));
            pace(i);
        }
    }

    /** A listener has room for so many only that come at once. */
    private static void pace(int sent) throws InterruptedException {
        if (sent % AT_ONCE == AT_ONCE - 1) {
            TimeUnit.MILLISECONDS.sleep(200);
        }
    }

    /** So often in a second something is asked. */
    @SuppressWarnings("FutureReturnValueIgnored") // it ends with the clock
    void ask(String path, int perSecond) {
        clock.scheduleAtFixedRate(() -> time(path), 0, 1_000_000 / perSecond, TimeUnit.MICROSECONDS);
    }

    @SuppressWarnings("FutureReturnValueIgnored") // what becomes of it is looked at here
    private void time(String path) {
        long start = System.nanoTime();
        client.sendAsync(request(path, "application/json"), HttpResponse.BodyHandlers.discarding())
                .whenComplete((answer, failure) -> {
                    if (failure != null || answer.statusCode() != 200) {
                        failures.incrementAndGet();
                    }
                    nanos.add(System.nanoTime() - start);
                });
    }

    /** Waits until so many answers have come: those who came before are connected then. */
    void awaitAnswers(int answers, Duration patience) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (asked() < answers) {
            if (System.nanoTime() > deadline) {
                throw new IOException("the API gave " + asked() + " answers in " + patience);
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    /** Forgets what was measured. */
    void reset() {
        nanos.clear();
    }

    /** Returns how many requests were measured. */
    int asked() {
        return nanos.size();
    }

    /** Returns within what time 99 of 100 answers came. */
    long p99Nanos() {
        List<Long> sorted;
        synchronized (nanos) {
            sorted = new ArrayList<>(nanos);
        }
        Collections.sort(sorted);
        return sorted.isEmpty() ? 0 : sorted.get((sorted.size() - 1) * 99 / 100);
    }

    int failures() {
        return failures.get();
    }

    private HttpRequest request(String path, String accept) {
        return HttpRequest.newBuilder(root.resolve(path))
                .header("Authorization", "Bearer " + token)
                .header("Accept", accept)
                .build();
    }

    /** Ends the connections. The agent notices those of clients that wait when it answers them; that is waited for. */
    @Override
    public void close() throws IOException {
        clock.shutdownNow();
        open.forEach(request -> request.answer.cancel(true));
        try {
            awaitNobodyWaiting();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    private void awaitNobodyWaiting() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(3 * WAIT_SECONDS);
        while (!metrics().contains("\ncatena_api_waiting 0")) {
            if (System.nanoTime() > deadline) {
                throw new IOException("clients of the API that are gone are waited for still");
            }
            TimeUnit.MILLISECONDS.sleep(500);
        }
    }

    private String metrics() throws IOException, InterruptedException {
        return client.send(request("/metrics", "text/plain"), HttpResponse.BodyHandlers.ofString())
                .body();
    }
}
