package io.catena.harness.sim;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The names of a storage's files, with the changes that a power cut could still take back. */
final class NameTable {
    private final TreeMap<String, CachedFile> seen = new TreeMap<>();
    private final Map<String, CachedFile> durable = new HashMap<>();
    private final List<NameChange> unsynced = new ArrayList<>();

    @Nullable
    CachedFile find(String name) {
        return seen.get(name);
    }

    /** Returns the names that start with {@code prefix}, sorted. */
    Collection<String> startingWith(String prefix) {
        SortedMap<String, CachedFile> found = seen.subMap(prefix, prefix + Character.MAX_VALUE);
        return Collections.unmodifiableCollection(found.keySet());
    }

    Collection<CachedFile> files() {
        return Collections.unmodifiableCollection(seen.values());
    }

    void create(String name, CachedFile file) {
        change(new NameChange(file, null, name));
    }

    void rename(String from, CachedFile file, String to) {
        change(new NameChange(file, from, to));
    }

    void delete(String name, CachedFile file) {
        change(new NameChange(file, name, null));
    }

    private void change(NameChange change) {
        change.applyTo(seen);
        unsynced.add(change);
    }

    void sync() {
        unsynced.forEach(change -> change.applyTo(durable));
        unsynced.clear();
    }

    /** Lets the first few unsynced changes of each file survive, up to a random point. */
    void losePower(Random random) {
        Map<CachedFile, Integer> survivors = drawSurvivors(random);
        for (NameChange change : unsynced) {
            if (survivors.merge(change.file(), -1, Integer::sum) >= 0) {
                change.applyTo(durable);
            }
        }
        unsynced.clear();
        seen.clear();
        seen.putAll(durable);
    }

    private Map<CachedFile, Integer> drawSurvivors(Random random) {
        Map<CachedFile, Integer> changes = new HashMap<>();
        unsynced.forEach(change -> changes.merge(change.file(), 1, Integer::sum));
        Map<CachedFile, Integer> survivors = new HashMap<>();
        for (NameChange change : unsynced) { // not over the map: its order is not the same in each run
            survivors.computeIfAbsent(change.file(), file -> random.nextInt(changes.getOrDefault(file, 0) + 1));
        }
        return survivors;
    }

    /**
     * Adds durable copies of another's files, which have one name each.
     *
     * @throws IllegalStateException if a power cut could still take back something there
     */
    void copyFrom(NameTable other) {
        if (!other.unsynced.isEmpty()) {
            throw new IllegalStateException("names are not synced: " + other.unsynced);
        }
        other.seen.forEach((name, file) -> create(name, file.durableCopy()));
        sync();
    }

    void clear() {
        seen.clear();
        durable.clear();
        unsynced.clear();
    }

    /** A create ({@code from} is null), a rename, or a delete ({@code to} is null). */
    private record NameChange(
            CachedFile file,
            @Nullable String from,
            @Nullable String to) {
        void applyTo(Map<String, CachedFile> names) {
            if (from != null) {
                names.remove(from, file);
            }
            if (to != null) {
                names.put(to, file);
            }
        }
    }
}
