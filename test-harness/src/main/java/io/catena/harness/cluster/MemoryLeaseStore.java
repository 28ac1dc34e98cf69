package io.catena.harness.cluster;

import io.catena.lease.Entry;
import io.catena.lease.LeaseKeys;
import io.catena.lease.LeaseStore;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A store in memory: the simplest that does what every store must.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class MemoryLeaseStore implements LeaseStore {
    private final SortedMap<String, Entry> records = new TreeMap<>();
    private final SortedMap<String, String> notes = new TreeMap<>();
    private long changes;

    @Override
    public synchronized Optional<Entry> read(String key) {
        return Optional.ofNullable(records.get(key));
    }

    @Override
    public synchronized List<Entry> list(String prefix) {
        return records.values().stream()
                .filter(entry -> entry.key().startsWith(prefix))
                .collect(Collectors.toList());
    }

    @Override
    public synchronized Optional<Entry> replace(String key, @Nullable Entry old, String value) {
        Entry now = records.get(LeaseKeys.check(key));
        if ((now == null ? 0 : now.version()) != (old == null ? 0 : old.version())) {
            return Optional.empty();
        }
        Entry fresh = new Entry(key, value, ++changes);
        records.put(key, fresh);
        return Optional.of(fresh);
    }

    @Override
    public synchronized List<Entry> superseded(Collection<Entry> entries) {
        return entries.stream()
                .filter(entry -> !entry.equals(records.get(entry.key())))
                .collect(Collectors.toList());
    }

    @Override
    public synchronized Optional<String> note(String key) {
        return Optional.ofNullable(notes.get(key));
    }

    @Override
    public synchronized SortedMap<String, String> notes(String prefix) {
        return new TreeMap<>(notes.subMap(prefix, prefix + Character.MAX_VALUE));
    }

    @Override
    public synchronized void writeNote(String key, String value) {
        notes.put(LeaseKeys.check(key), value);
    }

    @Override
    public synchronized void removeNote(String key) {
        notes.remove(key);
    }

    @Override
    public void close() {}
}
