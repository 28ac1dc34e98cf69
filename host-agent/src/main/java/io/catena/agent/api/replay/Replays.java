package io.catena.agent.api.replay;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import io.catena.agent.json.Json;
import io.catena.agent.state.DurableFile;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.log.LogLine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Answers that are kept for a day, so that a request with the same {@code Idempotency-Key} is done once.
 *
 * <p>Of a request with a key:
 *
 * <ol>
 *   <li>Its intent is made durable: what was asked, and the id of the disk that it is to make.
 *   <li>It is done, with that id.
 *   <li>Its answer is made durable.
 *   <li>The answer is sent.
 * </ol>
 *
 * <p>After a kill between 1 and 3 the same request finds its intent. Requests that say where they lead to are done again:
 * to create or copy with an id that is there already, to attach what is attached, or to resize to the same size harms nobody.
 * A snapshot or clone, which has an id of its own each time, is not done again; the caller is told to look. So it is if the
 * answer held a secret.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class Replays {
    private static final Logger LOG = Logger.getLogger(Replays.class.getName());
    private static final Duration KEPT_FOR = Duration.ofHours(24);
    private static final int MOST_KEY_CHARACTERS = 128;

    /** New keys a day: each is a file, and the disk is the agent's. */
    private static final int MOST_OF_ONE_CALLER = 100_000;

    private static final long RETRY_SECONDS = 3600;

    /** Operations that take the id of the disk that they make. */
    private static final Set<String> TAKE_AN_ID = Set.of("createVdi", "copyVdi");

    /** Operations that make something new each time. */
    private static final Set<String> NEW_EACH_TIME =
            Set.of("snapshotVdis", "cloneVdi", "snapshotGuest", "createToken", "createSchedule", "callPeer");

    /** Operations whose answer holds a secret, which nothing is to hold but the answer. */
    private static final Set<String> TELL_A_SECRET = Set.of("createToken");

    private final Path directory;
    private final Clock clock;
    private final Supplier<UUID> newIds;
    private final int mostOfOneCaller;

    /** How many keys each caller took since {@link #since}. Guarded by this, as is that. */
    private final Map<String, Integer> taken = new HashMap<>();

    private Instant since = Instant.EPOCH;

    /** The files of requests under way. Guarded by this. */
    private final Set<String> underWay = new HashSet<>();

    /**
     * @param directory for the files, one a key; made if it is absent
     */
    public Replays(Path directory, Clock clock, Supplier<UUID> newIds) throws IOException {
        this(directory, clock, newIds, MOST_OF_ONE_CALLER);
    }

    Replays(Path directory, Clock clock, Supplier<UUID> newIds, int mostOfOneCaller) throws IOException {
        this.mostOfOneCaller = mostOfOneCaller;
        this.directory = Files.createDirectories(directory);
        this.clock = clock;
        this.newIds = newIds;
        dropOld();
    }

    /**
     * A request.
     *
     * @param target path and query
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Request(String caller, String key, String operation, String target, byte[] body) {}

    /** An answer. */
    public record Kept(
            int status,
            String contentType,
            String text,
            Map<String, String> headers,
            @Nullable String code,
            @Nullable Long job) {}

    /**
     * What a file holds.
     *
     * @param fingerprint of the request
     * @param chosen the id of the disk that the request is to make
     * @param answer null until it was done
     */
    private record Entry(
            Instant begun,
            String caller,
            String fingerprint,
            @Nullable String chosen,
            @Nullable Kept answer) {}

    /** That a request with a key cannot be done. */
    public static final class Refusal extends RuntimeException {
        private static final long serialVersionUID = 1;

        private final int status;
        private final String code;
        private final String correction;
        private final long retryAfterSeconds;

        Refusal(int status, String code, String message, String correction, long retryAfterSeconds) {
            super(message);
            this.status = status;
            this.code = code;
            this.correction = correction;
            this.retryAfterSeconds = retryAfterSeconds;
        }

        public int status() {
            return status;
        }

        public String code() {
            return code;
        }

        public String correction() {
            return correction;
        }

        public long retryAfterSeconds() {
            return retryAfterSeconds;
        }
    }

    /** One request's turn: either its answer is there, or it is to be done with {@link #body} and then kept or given up. */
    public final class Turn {
        private final String file;
        private final Entry entry;
        private final byte[] body;
        private final boolean isSecret;

        private Turn(String file, Entry entry, Request request) {
            this.file = file;
            this.entry = entry;
            body = withId(request.body, entry.chosen);
            isSecret = TELL_A_SECRET.contains(request.operation);
        }

        /** The answer that was given before; null if the request is to be done. */
        public @Nullable Kept kept() {
            return entry.answer;
        }

        /** The request's body, with the id that was chosen. */
        public byte[] body() {
            return body;
        }

        /**
         * Ends the turn with an answer; it is on disk when this returns. One that tells to try again is not kept.
         *
         * @throws SrException if it cannot be kept
         */
        public void keep(Kept answer) {
            try {
                if (answer.status() >= 500 || answer.status() == 429) {
                    Files.deleteIfExists(directory.resolve(file));
                } else {
                    Kept kept = isSecret && answer.status() < 300 ? withoutText(answer) : answer;
                    save(file, new Entry(entry.begun, entry.caller, entry.fingerprint, entry.chosen, kept));
                }
            } catch (IOException e) {
                throw cannotKeep(e);
            } finally {
                ended(file);
            }
        }

        /** Ends the turn of a request that failed: the same may be tried again with the same key. */
        public void giveUp() {
            try {
                Files.deleteIfExists(directory.resolve(file));
            } catch (IOException e) {
                LOG.log(Level.WARNING, LogLine.of("replay-not-dropped", "file", file), e);
            } finally {
                ended(file);
            }
        }
    }

    /**
     * Begins a request.
     *
     * @throws Refusal if the key was used for another request, or this one is under way, or nobody can tell whether it was done
     */
    public Turn begin(Request request) {
        if (request.key.isBlank() || request.key.length() > MOST_KEY_CHARACTERS) {
            throw new Refusal(
                    400,
                    "BAD_REQUEST",
                    "\"Idempotency-Key\" has " + request.key.length() + " characters, expected 1 to "
                            + MOST_KEY_CHARACTERS,
                    "Take a UUID.",
                    0);
        }
        String file = hash(request.caller + "\0" + request.key, new byte[0]) + ".json";
        synchronized (this) {
            if (!underWay.add(file)) {
                throw new Refusal(
                        409, "IDEMPOTENCY_UNDER_WAY", "The request with this key is under way", "Ask again.", 1);
            }
        }
        try {
            return turn(file, request);
        } catch (IOException e) {
            ended(file);
            throw cannotKeep(e);
        } catch (RuntimeException e) {
            ended(file);
            throw e;
        }
    }

    private Turn turn(String file, Request request) throws IOException {
        String fingerprint = hash(request.operation + "\0" + request.target, request.body);
        Optional<Entry> known = load(file);
        if (known.isEmpty()) {
            takeNew(request.caller);
            String chosen =
                    TAKE_AN_ID.contains(request.operation) ? newIds.get().toString() : null;
            Entry entry = new Entry(clock.instant(), request.caller, fingerprint, chosen, null);
            save(file, entry);
            return new Turn(file, entry, request);
        }
        Entry entry = known.get();
        if (!entry.fingerprint.equals(fingerprint)) {
            throw new Refusal(
                    422,
                    "IDEMPOTENCY_MISMATCH",
                    "Another request came with the same \"Idempotency-Key\"",
                    "Take a new key for a new request.",
                    0);
        }
        if (entry.answer != null) {
            if (TELL_A_SECRET.contains(request.operation) && entry.answer.status < 300) {
                throw new Refusal(
                        409,
                        "IDEMPOTENCY_UNKNOWN",
                        "This request was done at " + entry.begun + "; the secret was in the answer, and is not kept",
                        "If the answer was lost revoke what was made, and take a new key.",
                        0);
            }
            ended(file);
        } else if (NEW_EACH_TIME.contains(request.operation)) {
            throw new Refusal(
                    409,
                    "IDEMPOTENCY_UNKNOWN",
                    "The agent was ended while it did this request, at " + entry.begun
                            + "; whether it was done cannot be told",
                    "List what was made since then; take a new key if it is missing.",
                    0);
        }
        return new Turn(file, entry, request);
    }

    private synchronized void takeNew(String caller) {
        Instant now = clock.instant();
        if (since.plus(KEPT_FOR).isBefore(now)) {
            since = now;
            taken.clear();
        }
        if (taken.merge(caller, 1, Integer::sum) > mostOfOneCaller) {
            throw new Refusal(
                    429,
                    "TOO_MANY_REQUESTS",
                    caller + " has sent " + mostOfOneCaller + " requests with keys since " + since,
                    "Leave out \"Idempotency-Key\", or wait: answers are kept for a day.",
                    RETRY_SECONDS);
        }
    }

    private static Kept withoutText(Kept answer) {
        return new Kept(answer.status(), answer.contentType(), "", Map.of(), answer.code(), answer.job());
    }

    /** An id of the caller's own goes before ours. */
    private static byte[] withId(byte[] body, @Nullable String chosen) {
        if (chosen == null) {
            return body;
        }
        try {
            String text = new String(body, StandardCharsets.UTF_8);
            JsonObject json = text.isBlank() ? new JsonObject() : Json.object(text);
            if (!json.has("uuid") && !json.has("clientName")) {
                json.addProperty("uuid", chosen);
            }
            return json.toString().getBytes(StandardCharsets.UTF_8);
        } catch (JsonParseException e) {
            return body; // refused by the route, in its words
        }
    }

    private synchronized void ended(String file) {
        underWay.remove(file);
    }

    private Optional<Entry> load(String file) throws IOException {
        Optional<String> text = new DurableFile(directory.resolve(file)).read();
        try {
            return text.map(json -> Json.read(json, Entry.class))
                    .filter(entry -> entry.begun.plus(KEPT_FOR).isAfter(clock.instant()));
        } catch (JsonParseException e) {
            throw new IOException(directory.resolve(file) + " does not hold an answer: " + e.getMessage(), e);
        }
    }

    private void save(String file, Entry entry) throws IOException {
        new DurableFile(directory.resolve(file)).write(Json.write(entry) + "\n");
    }

    /** Drops what is older than a day; to be called now and then. Never throws. */
    public void dropOld() {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            Instant oldest = clock.instant().minus(KEPT_FOR);
            for (Path file : files) {
                if (Files.getLastModifiedTime(file).toInstant().isBefore(oldest)) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("replays-not-dropped", "directory", directory), e);
        }
    }

    private SrException cannotKeep(IOException e) {
        return new SrException(SrError.IO_ERROR, "Answers cannot be kept in " + directory + ": " + e.getMessage(), e);
    }

    private static String hash(String text, byte[] more) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(text.getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0);
            return HexFormat.of().formatHex(digest.digest(more));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
