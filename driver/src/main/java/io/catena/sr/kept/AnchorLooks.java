package io.catena.sr.kept;

import com.google.gson.Gson;
import com.google.gson.reflect.TypeToken;
import io.catena.sr.record.SrFiles;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import java.io.IOException;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * What tells whether base copies were changed: see {@link Storage.Stamp}. Which files they are may change with a start of the
 * host, for its devices get other numbers; so that is left out.
 */
record AnchorLooks(Map<String, Look> byName) {
    private static final Gson GSON = new Gson();
    private static final String FILE = SrFiles.KEPT_CHANGES + "/anchors.json";

    /** How one file looks. */
    record Look(long sizeBytes, long modifiedNanos, long changedNanos) {}

    static AnchorLooks now(Storage storage, Collection<String> names) throws IOException {
        Map<String, Look> looks = new TreeMap<>();
        storage.stamps("").forEach((name, stamp) -> {
            if (names.contains(name)) {
                looks.put(name, new Look(stamp.sizeBytes(), stamp.modifiedNanos(), stamp.changedNanos()));
            }
        });
        return new AnchorLooks(looks);
    }

    /** Returns what was written last; nothing if it cannot be read. */
    static AnchorLooks read(Storage storage) throws IOException {
        Map<String, Look> none = Map.of();
        try {
            String text = StoredText.read(storage, FILE).orElse("{}");
            return new AnchorLooks(
                    Objects.requireNonNullElse(GSON.fromJson(text, new TypeToken<Map<String, Look>>() {}), none));
        } catch (StoredText.TooLargeException | RuntimeException e) {
            // Gson throws what it likes.
            return new AnchorLooks(none);
        }
    }

    void write(Storage storage) throws IOException {
        StoredText.write(storage, FILE, GSON.toJson(byName));
    }

    /** Whether some files were there, and are now as they were; those that were not there still are not. */
    boolean areStill(AnchorLooks now, Collection<String> names) {
        return names.stream().anyMatch(byName::containsKey)
                && names.stream().allMatch(name -> Objects.equals(byName.get(name), now.byName.get(name)));
    }
}
