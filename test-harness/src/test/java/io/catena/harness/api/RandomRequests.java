package io.catena.harness.api;

import io.catena.agent.control.Role;
import io.catena.harness.api.Contract.Operation;
import io.catena.harness.api.RequestMaker.Made;
import io.catena.harness.api.RequestMaker.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/**
 * Requests made of {@code openapi.yaml}, to an agent of their own: right ones and wrong ones, one after the other. Every answer has to
 * come in time, must not be of an agent that failed, and has to be in the contract; what has a mistake has to be refused. For one
 * thread.
 */
final class RandomRequests implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int LOOK_EVERY = 20;
    private static final int REMEMBERED = 8;
    private static final int MOST_FAULTS = 30;

    /** Of the content of a disk, more is not read. */
    private static final int MOST_READ_BYTES = 4 << 20;

    private final ApiFixture api;
    private final String admin;
    private final Contract contract;
    private final Random random;
    private final KnownThings known;
    private final RequestMaker maker;
    private final Deque<String> last = new ArrayDeque<>();
    private final Set<String> succeeded = new TreeSet<>();
    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    private int count;

    /** An answer, or the beginning of one that is long; status 0 if there was none. */
    private record Begun(int status, String contentType, String body) {
        /** Whether there is more, without which it is no JSON. */
        boolean isCutOff() {
            return body.getBytes(StandardCharsets.UTF_8).length >= MOST_READ_BYTES;
        }
    }

    RandomRequests(Path directory, long seed) throws IOException {
        api = new ApiFixture(directory);
        admin = api.token(Role.ADMIN);
        contract = new Contract(api.get("", "/v1/openapi.yaml").body());
        random = new Random(seed);
        known = new KnownThings(api, admin, random);
        maker = new RequestMaker(random, contract, new RandomValues(random, contract, api, known, admin), known);
    }

    /** Returns which operations did at least once what they are for. */
    Set<String> succeeded() {
        return succeeded;
    }

    int count() {
        return count;
    }

    /**
     * Makes requests for each operation in turn, in another order each time.
     *
     * @return what was wrong, once of each operation and status, with the requests before it
     */
    Collection<String> run(BooleanSupplier goOn) throws IOException, InterruptedException {
        List<Operation> operations = new ArrayList<>(contract.operations());
        Map<String, String> faults = new LinkedHashMap<>();
        while (faults.size() < MOST_FAULTS) {
            Collections.shuffle(operations, random);
            for (Operation operation : operations) {
                if (!goOn.getAsBoolean()) {
                    return faults.values();
                }
                if (count++ % LOOK_EVERY == 0) {
                    known.look();
                }
                tried(maker.make(operation, shape()), faults);
            }
        }
        return faults.values();
    }

    /** Half of them are right, so that there is something for the others to spoil. */
    private Shape shape() {
        Shape[] all = Shape.values();
        return random.nextBoolean() ? Shape.VALID : all[random.nextInt(all.length)];
    }

    private void tried(Made made, Map<String, String> faults) throws InterruptedException {
        Begun answer;
        try {
            answer = ask(made);
        } catch (IOException e) {
            answer = new Begun(0, "", "no answer: " + e);
        }
        String told = made + ": " + answer.status();
        fault(made, answer)
                .ifPresent(fault -> faults.putIfAbsent(
                        made.operation().id() + told.substring(told.lastIndexOf(' ')),
                        "request " + count + ", " + told + " " + fault + "\nbefore it, newest first:\n"
                                + String.join("\n", last)));
        last.addFirst(told);
        if (last.size() > REMEMBERED) {
            last.removeLast();
        }
        if (answer.status() >= 200 && answer.status() < 300) {
            succeeded.add(made.operation().id());
        }
    }

    private Optional<String> fault(Made made, Begun answer) {
        if (answer.status() == 0) {
            return Optional.of(answer.body());
        }
        if (answer.status() == 500) {
            return Optional.of("the agent failed: " + answer.body());
        }
        if (answer.status() >= 400 && !answer.contentType().startsWith("application/problem+json")) {
            return Optional.of("is no problem+json: " + answer.body());
        }
        if (answer.status() < 400 && made.mistake()) {
            return Optional.of("though it has a mistake: " + answer.body());
        }
        if (answer.isCutOff()) {
            return Optional.empty();
        }
        Operation operation = made.operation();
        List<String> faults = contract.faults(
                operation.method(), operation.pattern(), answer.status(), answer.contentType(), answer.body());
        return faults.isEmpty() ? Optional.empty() : Optional.of(faults + " in " + answer.body());
    }

    /** Also the body has to come in time. */
    private Begun ask(Made made) throws IOException, InterruptedException {
        Future<Begun> answer = thread.submit(() -> read(made));
        try {
            return answer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        } catch (TimeoutException e) {
            answer.cancel(true);
            throw new IOException("it takes more than " + PATIENCE, e);
        }
    }

    private Begun read(Made made) throws IOException, InterruptedException {
        HttpRequest.BodyPublisher body = made.body() == null
                ? HttpRequest.BodyPublishers.noBody()
                : HttpRequest.BodyPublishers.ofString(made.body(), StandardCharsets.UTF_8);
        HttpRequest.Builder request = HttpRequest.newBuilder(api.uri(made.path()))
                .header("Authorization", "Bearer " + admin)
                .method(made.operation().method(), body);
        if (!made.headers().isEmpty()) {
            request.header(made.headers().get(0), made.headers().get(1));
        }
        HttpResponse<InputStream> whole = api.client().send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        try (InputStream in = whole.body()) {
            String text = new String(in.readNBytes(MOST_READ_BYTES), StandardCharsets.UTF_8);
            return new Begun(
                    whole.statusCode(),
                    whole.headers().firstValue("Content-Type").orElse(""),
                    text);
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
        api.close();
    }
}
