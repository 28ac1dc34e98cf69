package io.catena.agent.api.auth;

import com.google.gson.JsonParseException;
import io.catena.agent.control.Role;
import io.catena.agent.json.Json;
import io.catena.agent.state.DurableFile;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.log.LogLine;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The bearer tokens that callers show: {@code ctn_ID_SECRET}. Only their hashes are kept; a secret of 256 random bits needs no
 * slow hash.
 *
 * <p>Who logs in with a token gets another one that ends after some hours: the browser's session. It ends with its parent.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class Tokens {
    private static final Logger LOG = Logger.getLogger(Tokens.class.getName());
    private static final String PREFIX = "ctn";
    private static final int ID_BYTES = 4;
    private static final int SECRET_BYTES = 32;
    private static final int MOST_TOKENS = 1000;
    private static final Duration SESSION = Duration.ofHours(8);

    /** Of one token: its holder must not take the place of all others. */
    private static final int MOST_SESSIONS = 50;

    private final DurableFile file;
    private final Clock clock;
    private final SecureRandom random = new SecureRandom();

    /** By id, oldest first. Guarded by this. */
    private final Map<String, Token> tokens = new LinkedHashMap<>();

    private final Map<String, Instant> lastUsed = new ConcurrentHashMap<>();

    /** What the file holds. */
    private record Kept(List<Token> tokens) {}

    /**
     * @param file where they are kept
     * @throws IOException if the file cannot be read, or does not hold tokens
     */
    public Tokens(Path file, Clock clock) throws IOException {
        this.file = new DurableFile(file);
        this.clock = clock;
        Optional<String> text = this.file.read();
        try {
            text.map(kept -> Json.read(kept, Kept.class))
                    .ifPresent(kept -> kept.tokens.forEach(token -> tokens.put(token.id(), token)));
        } catch (JsonParseException e) {
            throw new IOException(file + " does not hold tokens: " + e.getMessage(), e);
        }
    }

    /**
     * Makes a token. It is on disk when this returns, and its secret is in the answer only.
     *
     * @param lifetime null for ever
     */
    public synchronized TokenView create(String name, Role role, Collection<SrId> srs, @Nullable Duration lifetime) {
        return create(name, role, srs, lifetime, null);
    }

    /**
     * Makes a token for the session of whom {@code text} lets in; nothing if it lets nobody in, or is of a session itself. If
     * there are too many sessions with that token the oldest ends.
     */
    public synchronized Optional<TokenView> logIn(String text) {
        return verify(text).filter(token -> token.parent() == null).map(token -> {
            List<String> sessions = tokens.values().stream()
                    .filter(session -> token.id().equals(session.parent()))
                    .map(Token::id)
                    .toList();
            if (sessions.size() >= MOST_SESSIONS) {
                tokens.remove(sessions.get(0));
            }
            return create(token.name(), token.role(), token.srs(), SESSION, token.id());
        });
    }

    private TokenView create(
            String name, Role role, Collection<SrId> srs, @Nullable Duration lifetime, @Nullable String parent) {
        Instant now = clock.instant();
        tokens.values()
                .removeAll(tokens.values().stream()
                        .filter(token -> !isGood(token, now))
                        .toList());
        if (tokens.size() >= MOST_TOKENS) {
            throw new SrException(SrError.TRY_AGAIN, "There are " + MOST_TOKENS + " tokens already")
                    .correction(Advice.of("Revoke some: ")
                            .then(Remedy.of(Verb.TOKEN_LS))
                            .then(", ")
                            .then(Remedy.of(Verb.TOKEN_REVOKE, "TOKEN")));
        }
        String id = HexFormat.of().formatHex(randomBytes(ID_BYTES));
        String secret = Base64.getUrlEncoder().withoutPadding().encodeToString(randomBytes(SECRET_BYTES));
        String text = PREFIX + "_" + id + "_" + secret;
        Instant expires = lifetime == null ? null : now.plus(lifetime);
        Token token = new Token(
                id,
                name,
                role,
                List.copyOf(srs),
                now,
                expires,
                parent,
                HexFormat.of().formatHex(hash(text)));
        tokens.put(id, token);
        try {
            save();
        } catch (SrException e) {
            tokens.remove(id);
            throw e;
        }
        LOG.info(LogLine.of("token-created", "id", id, "role", role.text()));
        return view(token, text);
    }

    /** Returns the tokens that administrators made, oldest first. */
    public synchronized List<TokenView> list() {
        Instant now = clock.instant();
        List<TokenView> views = new ArrayList<>();
        for (Token token : tokens.values()) {
            if (token.parent() == null && !token.isExpired(now)) {
                views.add(view(token, null));
            }
        }
        return views;
    }

    /** Makes a token worthless, with the sessions that began with it. Does nothing if there is none. */
    public synchronized void revoke(String id) {
        Map<String, Token> before = new LinkedHashMap<>(tokens);
        if (!tokens.values().removeIf(token -> token.id().equals(id) || id.equals(token.parent()))) {
            return;
        }
        try {
            save();
        } catch (SrException e) {
            tokens.clear();
            tokens.putAll(before);
            throw e;
        }
        LOG.info(LogLine.of("token-revoked", "id", id));
    }

    /** Returns the token that {@code text} is; nothing if it is none that is good. */
    synchronized Optional<Token> verify(String text) {
        String[] parts = text.split("_", 3);
        if (parts.length != 3 || !parts[0].equals(PREFIX)) {
            return Optional.empty();
        }
        Token token = tokens.get(parts[1]);
        if (token == null || !isGood(token, clock.instant())) {
            return Optional.empty();
        }
        if (!MessageDigest.isEqual(hash(text), HexFormat.of().parseHex(token.sha256()))) {
            return Optional.empty();
        }
        lastUsed.put(token.id(), clock.instant());
        return Optional.of(token);
    }

    /** Whether the token that has an id still lets somebody in. */
    synchronized boolean isGood(String id) {
        Token token = tokens.get(id);
        return token != null && isGood(token, clock.instant());
    }

    /** A session ends with the token that it began with. */
    private boolean isGood(Token token, Instant now) {
        if (token.isExpired(now)) {
            return false;
        }
        if (token.parent() == null) {
            return true;
        }
        Token parent = tokens.get(token.parent());
        return parent != null && parent.parent() == null && !parent.isExpired(now);
    }

    private TokenView view(Token token, @Nullable String text) {
        return new TokenView(
                token.id(),
                token.name(),
                token.role(),
                token.srs(),
                token.created(),
                token.expires(),
                lastUsed.get(token.id()),
                text);
    }

    private byte[] randomBytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] hash(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private void save() {
        try {
            file.write(Json.write(new Kept(List.copyOf(tokens.values()))) + "\n");
        } catch (IOException e) {
            throw new SrException(SrError.IO_ERROR, "The tokens cannot be kept in " + file + ": " + e.getMessage(), e);
        }
    }
}
