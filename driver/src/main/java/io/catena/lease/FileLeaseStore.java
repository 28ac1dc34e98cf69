package io.catena.lease;

import io.catena.store.BlockFile;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Keeps records and notes in files of the SR itself: nothing needs to be installed.
 *
 * <p>A record's version n is the file {@code .catena/lease/KEY.n}, with "_" for "/" in the key. It is made complete under
 * another name and then linked: that is atomic on the file server, and who comes second is told that the name exists. The
 * highest number counts; a few older ones are kept, for who reads meanwhile. When the first goes, {@code KEY.0} stays in its
 * place: it says that the record was made, to a host that saw none and would make it anew.
 *
 * <p><b>On NFS</b> a client's caches may show the past: a listing may lack what was made just now, and an open file may have
 * old bytes. So files are opened, read and closed each time, since an open asks the server; and a listing is never the last
 * word: the names with the next higher and the next lower number are looked for, too. The file system must be mounted so that a
 * name which was not found before is asked for again ({@code lookupcache=positive} or {@code none}).
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class FileLeaseStore implements LeaseStore {
    private static final String OWN = ".catena/";
    private static final String RECORDS = ".catena/lease";
    private static final String TEMPORARY = ".catena/lease-tmp/";
    private static final int MAX_RECORD_BYTES = 1 << 20;
    private static final Pattern VERSION =
            Pattern.compile(Pattern.quote(RECORDS) + "/([a-z0-9-]+(?:_[a-z0-9-]+)*)\\.(0|[1-9][0-9]{0,17})");

    /** No version: says that there were some. */
    private static final int MADE = 0;

    /** How many versions of a record are kept, the newest included. */
    private static final int KEPT = 8;

    /** How often a record is looked for that is changed at the same time. */
    private static final int TRIES = 10;

    private final Storage storage;
    private final Supplier<UUID> uuids;

    /**
     * @param storage the SR's directory; not the road by which its disks are changed, which may wait for them
     * @param uuids for names that no other host uses
     */
    public FileLeaseStore(Storage storage, Supplier<UUID> uuids) {
        this.storage = storage;
        this.uuids = uuids;
    }

    /**
     * As the class says.
     *
     * <ol>
     *   <li>List the names, and open the highest version; then the next ones, until one is not there.
     *   <li>Look whether the one before it is there. Since older versions are removed first, none that is higher was there and
     *       was removed then; and the one that was found was not made late by a host that had stopped in {@link #replace}.
     *   <li>Else begin again, after a change of the directory: that makes the kernel list it anew.
     * </ol>
     */
    @Override
    public Optional<Entry> read(String key) throws IOException {
        LeaseKeys.check(key);
        boolean isGone = false;
        for (int tries = 0; tries < TRIES; tries++) {
            if (tries > 0) {
                changeDirectory();
            }
            long listed = versions().getOrDefault(key, 0L);
            Optional<Entry> newest = newest(key, listed);
            if (listed == 0 || newest.isPresent()) {
                long first = newest.map(Entry::version).orElse(1L);
                if (version(key, first - 1).isPresent() == (first > 1)) {
                    return newest;
                }
                isGone = newest.isEmpty();
            }
        }
        throw new IOException(
                isGone
                        ? "the record " + key + " was made, for " + file(key, MADE) + " is there, but it is gone;"
                                + " if no host has the SR, delete that file, too"
                        : "the record " + key + " changed too often while it was read; try again");
    }

    private void changeDirectory() throws IOException {
        String name = RECORDS + "/" + uuids.get();
        storage.create(name).close();
        storage.delete(name);
    }

    /**
     * Returns the highest version of each record, as far as a listing shows. There are other names, too: an NFS client calls a
     * file that is deleted while somebody has it open {@code .nfs...}.
     */
    private SortedMap<String, Long> versions() throws IOException {
        SortedMap<String, Long> versions = new TreeMap<>();
        for (String name : storage.list(RECORDS)) {
            Matcher version = VERSION.matcher(name);
            if (version.matches()) {
                versions.merge(version.group(1).replace('_', '/'), Long.parseLong(version.group(2)), Math::max);
            }
        }
        return versions;
    }

    /** Looks for versions after {@code listed} until there is none; empty also if what was listed is gone. */
    private Optional<Entry> newest(String key, long listed) throws IOException {
        Optional<Entry> found = listed == 0 ? Optional.empty() : version(key, listed);
        if (listed != 0 && found.isEmpty()) {
            return found;
        }
        long next = listed + 1;
        for (Optional<Entry> later = version(key, next); later.isPresent(); later = version(key, next)) {
            found = later;
            next++;
        }
        return found;
    }

    private Optional<Entry> version(String key, long version) throws IOException {
        try (BlockFile file = storage.openReadOnly(file(key, version))) {
            long size = file.size();
            if (size > MAX_RECORD_BYTES) {
                throw new IOException(file.name() + " has " + size + " bytes, expected at most " + MAX_RECORD_BYTES);
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) size);
            file.readFully(0, bytes);
            return Optional.of(
                    new Entry(key, StandardCharsets.UTF_8.decode(bytes.flip()).toString(), version));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private static String file(String key, long version) {
        return RECORDS + "/" + key.replace('/', '_') + "." + version;
    }

    @Override
    public List<Entry> list(String prefix) throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (String key : versions().keySet()) {
            if (key.startsWith(prefix)) {
                read(key).ifPresent(entries::add);
            }
        }
        return entries;
    }

    /**
     * As the class says.
     *
     * <ol>
     *   <li>Write the text under a name of its own and sync it.
     *   <li>Link it to the name of the next version. If that exists, somebody else was first.
     *   <li>Look whether {@code old} is still there, as it was before and with the same text. If it is not, its successor may have
     *       been there and been removed before the link: then the name was free and means nothing. Since older versions are
     *       removed first, the other way round cannot be. If there was none, the first version may have been there and been removed; then
     *       {@code KEY.0} is there.
     *   <li>Sync the names.
     *   <li>Remove what was only for this, and versions that nobody reads any more, the oldest first; before the first,
     *       make {@code KEY.0} and sync the names.
     * </ol>
     */
    @Override
    public Optional<Entry> replace(String key, @Nullable Entry old, String value) throws IOException {
        Entry fresh = new Entry(LeaseKeys.check(key), value, old == null ? 1 : old.version() + 1);
        if (isPast(key, old)) {
            return Optional.empty();
        }
        String temporary = TEMPORARY + uuids.get();
        try {
            write(temporary, value);
            storage.link(temporary, file(key, fresh.version()));
        } catch (FileAlreadyExistsException e) {
            return Optional.empty();
        } finally {
            storage.delete(temporary);
        }
        if (isPast(key, old)) {
            storage.delete(file(key, fresh.version()));
            throw new IOException("the record " + key + " changed too often while it was written; read it again");
        }
        storage.syncNames();
        removeOlder(fresh);
        return Optional.of(fresh);
    }

    /** Whether the record has gone on from {@code old} so far that a name after it may be free again. */
    private boolean isPast(String key, @Nullable Entry old) throws IOException {
        return old == null
                ? version(key, MADE).isPresent()
                : !version(key, old.version()).equals(Optional.of(old));
    }

    private void write(String name, String text) throws IOException {
        try (BlockFile file = storage.create(name)) {
            file.write(0, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
            file.sync();
        }
    }

    private void removeOlder(Entry newest) throws IOException {
        long first = newest.version();
        while (first > 1 && storage.exists(file(newest.key(), first - 1))) {
            first--;
        }
        for (long version = first; version <= newest.version() - KEPT; version++) {
            if (version == MADE + 1) {
                markMade(newest.key());
            }
            storage.delete(file(newest.key(), version));
        }
    }

    private void markMade(String key) throws IOException {
        try {
            storage.link(file(key, MADE + 1), file(key, MADE));
            storage.syncNames();
        } catch (FileAlreadyExistsException | NoSuchFileException e) {
            // another host was first
        }
    }

    /** By no listing: a version is the newest if the next one is not there, and then it is there itself. */
    @Override
    public List<Entry> superseded(Collection<Entry> entries) throws IOException {
        List<Entry> superseded = new ArrayList<>();
        for (Entry entry : entries) {
            if (version(entry.key(), entry.version() + 1).isPresent() || isPast(entry.key(), entry)) {
                superseded.add(entry);
            }
        }
        return superseded;
    }

    @Override
    public Optional<String> note(String key) throws IOException {
        Optional<String> content = StoredNote.content(storage, noteFile(key));
        return content.map(whole -> StoredNote.text(whole).orElse(whole));
    }

    private static String noteFile(String key) {
        int slash = LeaseKeys.check(key).indexOf('/');
        if (slash < 0) {
            throw new IllegalArgumentException("\"" + key + "\" is no key of a note");
        }
        return OWN + key.substring(0, slash + 1) + key.substring(slash + 1).replace('/', '_');
    }

    @Override
    public SortedMap<String, String> notes(String prefix) throws IOException {
        SortedMap<String, String> notes = new TreeMap<>();
        String directory = OWN + prefix.substring(0, prefix.indexOf('/'));
        for (String name : storage.list(directory)) {
            String key = name.substring(OWN.length()).replace('_', '/');
            if (key.startsWith(prefix)) {
                StoredNote.content(storage, name)
                        .flatMap(StoredNote::text)
                        .ifPresent(text -> notes.put(key, Objects.requireNonNull(text)));
            }
        }
        return notes;
    }

    @Override
    public void writeNote(String key, String value) throws IOException {
        StoredNote.write(storage, noteFile(key), value);
    }

    @Override
    public void removeNote(String key) throws IOException {
        storage.delete(noteFile(key));
        storage.syncNames();
    }

    /** Does nothing: the storage is the caller's. */
    @Override
    public void close() {}
}
