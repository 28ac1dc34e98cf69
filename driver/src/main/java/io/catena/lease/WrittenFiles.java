package io.catena.lease;

import com.google.gson.reflect.TypeToken;
import io.catena.store.BlockFile;
import io.catena.store.LeaseLostException;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Which files of an SR its owner may have written: a record of its own, so that who takes over knows what could still change
 * under its eyes. That is before the first byte goes to a file.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class WrittenFiles {
    private static final String KEY = "files";

    /** Of whom it is not told who it is. */
    private static final String SOMEBODY = "";

    private static final int COPY_BYTES = 1 << 20;
    private static final int TRIES = 100;

    private final LeaseStore store;
    private final String host;
    private final Right right;

    /** Who writes them, by name. */
    private final Map<String, String> hosts = new TreeMap<>();

    /** As it was written last by this host; guarded by this. */
    private Entry entry;

    private WrittenFiles(LeaseStore store, String host, Right right, Entry entry) {
        this.store = store;
        this.host = host;
        this.right = right;
        this.entry = entry;
    }

    /** Tells whose the SR is. */
    @FunctionalInterface
    public interface Right {
        /**
         * Returns whether the record of the SR says, now, that nobody has claimed it since this host did.
         *
         * @throws IOException if the record cannot be reached
         */
        boolean isRecorded() throws IOException;
    }

    /**
     * Takes the record over: the former owner cannot add to it any more, and so not begin to write another file.
     *
     * @param host a UUID
     * @param right to the SR, which this host has claimed before
     */
    public static WrittenFiles takeOver(LeaseStore store, UUID host, Right right) throws IOException {
        for (int tries = 0; tries < TRIES; tries++) {
            Optional<Entry> old = store.read(KEY);
            Optional<Entry> fresh = store.replace(
                    KEY, old.orElse(null), old.isEmpty() ? "{}" : old.get().value());
            if (fresh.isPresent()) {
                WrittenFiles files = new WrittenFiles(store, host.toString(), right, fresh.get());
                JsonRecords.decode(KEY, fresh.get().value(), new TypeToken<Map<String, String>>() {})
                        .forEach(files::know);
                return files;
            }
        }
        throw new IOException("the record of written files changes all the time");
    }

    /** What is no name of a file of the SR is told of by nobody who writes one. */
    private void know(String file, @Nullable String writer) {
        if (Storage.isInside(file)) {
            hosts.put(file, Objects.requireNonNullElse(writer, SOMEBODY));
        }
    }

    /** Returns the files that other hosts may be writing. */
    public synchronized Set<String> ofOthers() {
        return hosts.entrySet().stream()
                .filter(file -> !file.getValue().equals(host))
                .map(Map.Entry::getKey)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Forgets what other hosts may be writing: it has no effect any more. */
    public synchronized void forgetOthers() throws IOException {
        hosts.values().removeIf(other -> !other.equals(host));
        write();
    }

    /** Forgets all: nothing is on its way. */
    public synchronized void clear() throws IOException {
        hosts.clear();
        write();
    }

    /**
     * Says that a file will be written.
     *
     * @throws LeaseLostException if another host has taken over
     */
    public synchronized void add(String name) throws IOException {
        if (host.equals(hosts.get(name))) {
            return;
        }
        String before = hosts.put(name, host);
        boolean written = false;
        try {
            write();
            written = true;
        } finally {
            if (!written && before == null) {
                hosts.remove(name);
            } else if (!written) {
                hosts.put(name, before);
            }
        }
    }

    synchronized boolean contains(String name) {
        return hosts.containsKey(name);
    }

    private void write() throws IOException {
        String text = JsonRecords.encode(hosts);
        Optional<Entry> written = store.replace(KEY, entry, text);
        if (written.isEmpty()) {
            entry = ownLateWrite();
            written = store.replace(KEY, entry, text);
        }
        entry = written.orElseThrow(WrittenFiles::takenOver);
    }

    /**
     * Returns the record as this host has left it, by a write whose answer was lost.
     *
     * <ol>
     *   <li>Read what is there.
     *   <li>Look whether the SR is still this host's by its record. Who takes the SR over writes this record, too, even with the
     *       same text, but only after it has claimed the SR: so what was read before this look is of nobody else.
     * </ol>
     */
    private Entry ownLateWrite() throws IOException {
        Entry now = store.read(KEY).orElseThrow(WrittenFiles::takenOver);
        if (!right.isRecorded()) {
            throw takenOver();
        }
        return now;
    }

    private static LeaseLostException takenOver() {
        return new LeaseLostException("another host has taken over which files are written");
    }

    /**
     * Makes late writes to files harmless: they go to files without a name.
     *
     * <ol>
     *   <li>Copy each file under another name, what is not zero, and sync it.
     *   <li>Rename the copy over the file.
     *   <li>Sync the names.
     * </ol>
     *
     * @param storage changes names so that late changes fail
     * @return how many bytes were copied
     */
    public static long replaceByCopies(Storage storage, Iterable<String> files) throws IOException {
        long bytes = 0;
        for (String name : files) {
            if (storage.exists(name)) {
                String copy = ".catena/tmp/fence";
                storage.delete(copy);
                bytes += copy(storage, name, copy);
                storage.rename(copy, name);
            }
        }
        storage.syncNames();
        return bytes;
    }

    private static long copy(Storage storage, String name, String copy) throws IOException {
        long copied = 0;
        try (BlockFile from = storage.openReadOnly(name);
                BlockFile to = storage.create(copy)) {
            long size = from.size();
            to.truncate(size);
            ByteBuffer bytes = ByteBuffer.allocate(COPY_BYTES);
            ByteBuffer zeros = ByteBuffer.allocate(COPY_BYTES);
            for (long at = 0; at < size; at += COPY_BYTES) {
                bytes.clear().limit((int) Math.min(COPY_BYTES, size - at));
                from.readFully(at, bytes);
                bytes.flip();
                if (bytes.mismatch(zeros.clear().limit(bytes.limit())) >= 0) {
                    copied += bytes.remaining();
                    to.write(at, bytes);
                }
            }
            to.sync();
        }
        return copied;
    }
}
