package io.catena.agent.api.auth;

import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import io.catena.agent.json.Json;
import io.catena.agent.state.Ticker;
import io.catena.log.LogLine;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * What callers did: a line of JSON for each request that may change something. Never bodies, never tokens. A line is on disk
 * a second later at most; of a few files the oldest goes when the newest is full.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class AuditLog implements Closeable {
    private static final Logger LOG = Logger.getLogger(AuditLog.class.getName());
    private static final long MOST_BYTES = 8 << 20;
    private static final int OLD_FILES = 4;
    private static final int MOST_PATH_CHARACTERS = 256;

    /** Lines a minute of those who are not let in: enough to see them, too few to push out what others did. */
    private static final int MOST_OF_STRANGERS = 20;

    private final Path file;
    private final long mostBytes;

    /** Guarded by this, as are the next two. */
    private FileChannel channel;

    private boolean dirty;
    private boolean failed;
    private Instant minute = Instant.EPOCH;
    private int ofStrangers;

    /**
     * One request.
     *
     * @param request its id, which the caller was told
     * @param operation its operationId; null if it found none
     * @param code of the error; null if it succeeded
     * @param job the long work that it began
     */
    public record Entry(
            Instant time,
            String request,
            String caller,
            String role,
            String via,
            String method,
            String path,
            @Nullable String operation,
            int status,
            @Nullable String code,
            @Nullable Long job,
            long micros) {
        /** Who asks as long as that is not known. */
        public static final String STRANGER = "-";

        public Entry {
            path = path.length() <= MOST_PATH_CHARACTERS ? path : path.substring(0, MOST_PATH_CHARACTERS) + "...";
        }
    }

    /**
     * @param ticker writes to disk, once a second
     */
    public AuditLog(Path file, Ticker ticker) throws IOException {
        this(file, ticker, MOST_BYTES);
    }

    AuditLog(Path file, Ticker ticker, long mostBytes) throws IOException {
        this.file = file;
        this.mostBytes = mostBytes;
        channel = open();
        ticker.every(Duration.ofSeconds(1), this::sync);
    }

    /** Adds a line; of many strangers within a minute some. */
    public synchronized void add(Entry entry) {
        if (entry.caller().equals(Entry.STRANGER) && isOneTooMany(entry.time())) {
            return;
        }
        try {
            ByteBuffer line = StandardCharsets.UTF_8.encode(Json.write(entry) + "\n");
            while (line.hasRemaining()) {
                channel.write(line);
            }
            dirty = true;
            failed = false;
            if (channel.position() >= mostBytes) {
                turn();
            }
        } catch (IOException e) {
            told(e);
        }
    }

    private boolean isOneTooMany(Instant time) {
        Instant now = time.truncatedTo(ChronoUnit.MINUTES);
        if (!now.equals(minute)) {
            minute = now;
            ofStrangers = 0;
        }
        ofStrangers++;
        return ofStrangers > MOST_OF_STRANGERS;
    }

    /** Returns the newest entries, newest first. */
    public synchronized List<JsonElement> newest(int most) throws IOException {
        List<JsonElement> entries = new ArrayList<>();
        for (Path part = file; Files.exists(part) && entries.size() < most; part = older(part)) {
            List<String> lines = new ArrayList<>(Files.readAllLines(part, StandardCharsets.UTF_8));
            Collections.reverse(lines);
            for (String line : lines) {
                if (entries.size() < most) {
                    add(entries, line);
                }
            }
        }
        return entries;
    }

    /** A line that a power cut tore is left out. */
    private static void add(List<JsonElement> entries, String line) {
        try {
            entries.add(Json.read(line, JsonElement.class));
        } catch (JsonParseException e) {
            LOG.log(Level.FINE, "a torn line of the audit log", e);
        }
    }

    @Override
    public synchronized void close() throws IOException {
        channel.force(true);
        channel.close();
    }

    private synchronized void sync() {
        if (!dirty || !channel.isOpen()) {
            return;
        }
        try {
            channel.force(false);
            dirty = false;
        } catch (IOException e) {
            told(e);
        }
    }

    /** A full disk must not keep the storage from being managed; it is told once. */
    private void told(IOException e) {
        if (!failed) {
            LOG.log(Level.SEVERE, LogLine.of("audit-failed", "file", file), e);
        }
        failed = true;
    }

    private void turn() throws IOException {
        channel.force(true);
        channel.close();
        for (int i = OLD_FILES; i >= 1; i--) {
            Path newer = i == 1 ? file : numbered(i - 1);
            if (Files.exists(newer)) {
                Files.move(newer, numbered(i), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        channel = open();
    }

    private Path older(Path part) {
        for (int i = 1; i <= OLD_FILES; i++) {
            if (part.equals(i == 1 ? file : numbered(i - 1))) {
                return numbered(i);
            }
        }
        return numbered(OLD_FILES + 1);
    }

    private Path numbered(int i) {
        return file.resolveSibling(file.getFileName() + "." + i);
    }

    private FileChannel open() throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
    }
}
