package io.catena.agent.api.event;

import com.google.gson.JsonParseException;
import io.catena.agent.json.Json;
import io.catena.agent.state.DurableFile;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The events of this host, the newest {@value #KEPT} of them, in memory and in files of {@value #PER_FILE} lines.
 *
 * <p>An id is never given twice, whatever a power cut takes:
 *
 * <ol>
 *   <li>Before ids are given, it is made durable up to which they may be.
 *   <li>An event is written behind the others. A kill of the agent does not lose it; a power cut may.
 *   <li>Readers get it.
 *   <li>After a restart the first id is the one behind all that may have been given.
 * </ol>
 *
 * <p>A reader that names an id which is not known any more, or whose successors may be lost, learns it: see {@link #after}.
 *
 * <p><b>Threads.</b> Safe for use by many threads. Listeners must be quick.
 */
public final class EventLog implements EventSink, Closeable {
    static final int KEPT = 10_000;
    static final int PER_FILE = 2_000;

    private static final Logger LOG = Logger.getLogger(EventLog.class.getName());
    private static final long IDS_AT_A_TIME = 1_000;

    /** More is no whole number for who reads JSON. */
    private static final long MOST_ID = 1L << 53;

    /** More than were given and are not in the files. */
    private static final long IDS_LEFT_OUT = 1_000_000;

    /** How much a reader of a stream gets at once. */
    private static final int PIECE_BYTES = 64 << 10;

    /** The command line follows events so. */
    private static final int MOST_WAITING = 8;

    private final Path directory;
    private final Clock clock;
    private final DurableFile idFile;
    private final Semaphore waiting = new Semaphore(MOST_WAITING);
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

    /** By id. Guarded by this, as is all that follows. */
    private final TreeMap<Long, Kept> events = new TreeMap<>();

    private long nextId;
    private long reservedId;

    /** The greatest id whose successors are gone: by age, or with the power. */
    private long goneUpTo;

    private @Nullable FileChannel channel;
    private int linesInFile;
    private boolean failed;

    /**
     * @param directory for its files; made if it is absent
     */
    public EventLog(Path directory, Clock clock) throws IOException {
        this.directory = Files.createDirectories(directory);
        this.clock = clock;
        idFile = new DurableFile(directory.resolve("last-id"));
        OptionalLong last = lastReserved();
        nextId = last.orElse(MOST_ID) + 1;
        load();
        if (last.isEmpty()) {
            nextId = (events.isEmpty() ? 0 : events.lastKey()) + IDS_LEFT_OUT;
            goneUpTo = events.isEmpty() ? nextId - 1 : goneUpTo;
        }
        reservedId = nextId - 1;
    }

    /** Returns nothing if what was noted cannot be read: then no old id can be told from a new one. */
    private OptionalLong lastReserved() throws IOException {
        String text = idFile.read().orElse("0").strip();
        try {
            long id = Long.parseLong(text);
            if (id >= 0 && id < MOST_ID) {
                return OptionalLong.of(id);
            }
        } catch (NumberFormatException e) {
            // As any other text.
        }
        LOG.severe(LogLine.of("events-damaged", "file", idFile, "found", text));
        return OptionalLong.empty();
    }

    /** An event, and what readers of a stream get of it: made once, however many they are. */
    @SuppressWarnings("ArrayRecordComponent") // nobody compares them
    private record Kept(Event event, byte[] block) {
        static Kept of(Event event, String json) {
            String block = "id: " + event.id() + "\nevent: " + event.kind() + "\ndata: " + json + "\n\n";
            return new Kept(event, block.getBytes(StandardCharsets.UTF_8));
        }
    }

    /**
     * What a reader of a stream gets at once.
     *
     * @param blocks server-sent events; empty if the reader wants none of them
     * @param last the id up to which it has all then
     * @param newest the id of the newest event of all
     * @param reset if some that the reader does not have are gone
     */
    @SuppressWarnings("ArrayRecordComponent") // nobody compares them
    record Piece(byte[] blocks, long last, long newest, boolean reset) {}

    /** What a reader gets. */
    public record Page(List<Event> events, boolean reset, long last) {
        public Page {
            events = List.copyOf(events);
        }
    }

    @Override
    public void happened(
            String kind, @Nullable SrId sr, @Nullable VdiId vdi, @Nullable Long job, Map<String, String> data) {
        synchronized (this) {
            Event event = new Event(nextId, clock.instant(), kind, sr, vdi, job, data);
            String json = Json.write(event);
            keep(event.id(), json);
            nextId++;
            events.put(event.id(), Kept.of(event, json));
            while (events.size() > KEPT) {
                goneUpTo = events.pollFirstEntry().getKey();
            }
            notifyAll();
        }
        listeners.forEach(Runnable::run);
    }

    /**
     * Returns the events behind {@code id}, oldest first.
     *
     * @param id of the last event that the reader has; 0 for none
     * @return with {@link Page#reset} if some that the reader does not have are gone: it must look at everything anew
     */
    public synchronized Page after(long id, int most) {
        boolean reset = isGap(id);
        List<Event> behind = events.tailMap(reset ? goneUpTo : id, false).values().stream()
                .limit(most)
                .map(Kept::event)
                .toList();
        long last = behind.isEmpty() ? lastId() : behind.get(behind.size() - 1).id();
        return new Page(behind, reset, last);
    }

    /**
     * As {@link #after}; if there is nothing, waits for something for a while. That takes the caller's thread, so only {@value
     * #MOST_WAITING} may wait; others get nothing at once.
     */
    Page afterWaiting(long id, int most, Duration atMost) {
        Page page = after(id, most);
        if (!page.events.isEmpty() || page.reset || atMost.isZero() || !waiting.tryAcquire()) {
            return page;
        }
        try {
            long deadline = System.nanoTime() + atMost.toNanos();
            synchronized (this) {
                for (long left = atMost.toNanos();
                        left > 0 && lastId() == page.last;
                        left = deadline - System.nanoTime()) {
                    TimeUnit.NANOSECONDS.timedWait(this, left);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            waiting.release();
        }
        return after(id, most);
    }

    /** Returns the id of the newest event; of the last that may have been given if there is none. */
    public synchronized long lastId() {
        return events.isEmpty() ? nextId - 1 : events.lastKey();
    }

    /**
     * Returns some of the events behind {@code id} for a reader of a stream, oldest first. After a gap it gets none: it must
     * look at everything anyway.
     */
    synchronized Piece piece(long id, Predicate<Event> wanted) {
        long newest = lastId();
        if (isGap(id)) {
            return new Piece(new byte[0], newest, newest, true);
        }
        ByteArrayOutputStream blocks = new ByteArrayOutputStream();
        long last = newest;
        for (Kept kept : events.tailMap(id, false).values()) {
            if (wanted.test(kept.event())) {
                blocks.writeBytes(kept.block());
            }
            if (blocks.size() >= PIECE_BYTES) {
                last = kept.event().id();
                break;
            }
        }
        return new Piece(blocks.toByteArray(), last, newest, false);
    }

    /** Calls {@code listener} after each event, on the thread that it happened on: it may only take a note. */
    void onNews(Runnable listener) {
        listeners.add(listener);
    }

    @Override
    public synchronized void close() throws IOException {
        if (channel != null) {
            channel.force(true);
            channel.close();
            channel = null;
        }
    }

    private boolean isGap(long id) {
        return id != 0 && (id < goneUpTo || isUnknown(id));
    }

    /** An id that was given, or is the last that was given before a restart, is known. */
    private boolean isUnknown(long id) {
        if (id == goneUpTo || events.containsKey(id)) {
            return false;
        }
        return id > lastId() ? id != nextId - 1 : true;
    }

    private void keep(long id, String json) {
        try {
            if (id > reservedId) {
                reservedId = id + IDS_AT_A_TIME;
                idFile.write(reservedId + "\n");
            }
            write(id, json);
            failed = false;
        } catch (IOException e) {
            if (!failed) {
                LOG.log(Level.SEVERE, LogLine.of("events-not-kept", "directory", directory), e);
            }
            failed = true;
        }
    }

    private void write(long id, String json) throws IOException {
        if (channel == null || linesInFile >= PER_FILE) {
            turn(id);
        }
        ByteBuffer line = StandardCharsets.UTF_8.encode(json + "\n");
        FileChannel open = channel;
        while (open != null && line.hasRemaining()) {
            open.write(line);
        }
        linesInFile++;
    }

    private void turn(long firstId) throws IOException {
        close();
        channel = FileChannel.open(
                directory.resolve(String.format(Locale.ROOT, "%019d.jsonl", firstId)),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.APPEND);
        linesInFile = 0;
        List<Path> files = files();
        int surplus = files.size() - (KEPT / PER_FILE + 1);
        for (Path old : files.subList(0, Math.max(0, surplus))) {
            Files.deleteIfExists(old);
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.filter(file -> file.toString().endsWith(".jsonl"))
                    .sorted()
                    .toList();
        }
    }

    private void load() throws IOException {
        for (Path file : files()) {
            for (String line : lines(file)) {
                load(line);
            }
        }
        while (events.size() > KEPT) {
            goneUpTo = events.pollFirstEntry().getKey();
        }
        if (goneUpTo == 0) {
            goneUpTo = events.isEmpty() ? nextId - 1 : events.firstKey() - 1;
        }
    }

    /** The agent was killed in the middle of a line, at most one in a file; or the power went. */
    private static List<String> lines(Path file) throws IOException {
        return new ArrayList<>(new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                .lines()
                .toList());
    }

    private void load(String line) {
        try {
            Event event = Json.read(line, Event.class);
            if (event.id() < nextId) {
                events.put(event.id(), Kept.of(event, line));
            }
        } catch (JsonParseException e) {
            LOG.log(Level.FINE, "a torn event", e);
        }
    }
}
