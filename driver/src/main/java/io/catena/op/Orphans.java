package io.catena.op;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import io.catena.format.DynamicHeader;
import io.catena.log.LogLine;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import io.catena.vhd.ChainFile;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The base copies of an SR of which it is proven that nobody needs them: an operation of ours took away the last node that
 * built on them, or somebody named them to be deleted. That nothing in sight builds on a base copy proves nothing: what does
 * may lie in another directory, or have another name for a while.
 *
 * <p>A note is written as a step of the operation itself, after the last child is gone; so there is none of an operation that
 * did not happen. It holds as long as the node is hidden and childless: who sees a child forgets the note.
 */
public final class Orphans {
    /** Where the notes stand. */
    public static final String FILE = ".catena/orphans.json";

    private static final Logger LOG = System.getLogger(Orphans.class.getName());
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    private Orphans() {}

    /**
     * A base copy without children.
     *
     * @param file its name
     * @param uniqueId from its footer, so that another file which gets the name is not taken for it; all zero for a raw file
     */
    public record Orphan(String file, String uniqueId) {
        public Orphan {
            Objects.requireNonNull(file, "file");
            Objects.requireNonNull(uniqueId, "uniqueId");
        }

        /** Describes a file as it is now. */
        public static Orphan of(ChainFile file) {
            return new Orphan(
                    file.name(), file.uniqueId().orElse(DynamicHeader.NO_ID).toString());
        }
    }

    private record Notes(@Nullable List<Orphan> orphans) {}

    /** Returns all that are noted, by name. Notes that cannot be read prove nothing. */
    public static Map<String, Orphan> read(Storage storage) throws IOException {
        Map<String, Orphan> found = new TreeMap<>();
        try {
            String text = StoredText.read(storage, FILE).orElse("{}");
            Notes notes = GSON.fromJson(text, Notes.class);
            if (notes != null && notes.orphans() != null) {
                notes.orphans().forEach(orphan -> found.put(orphan.file(), orphan));
            }
        } catch (StoredText.TooLargeException | RuntimeException e) {
            // Gson throws what it likes, and wraps what the record's constructor throws.
            LOG.log(Level.WARNING, LogLine.of("orphans-unreadable", "file", FILE, "cause", e.getMessage()));
            return Map.of();
        }
        return found;
    }

    /** Notes some, durably. */
    public static void add(Storage storage, Collection<Orphan> added) throws IOException {
        change(storage, List.of(), added);
    }

    /** Forgets some, durably. */
    public static void forget(Storage storage, Collection<String> files) throws IOException {
        change(storage, files, List.of());
    }

    /** Does both at one instant; writes nothing if that changes nothing. */
    static void change(Storage storage, Collection<String> forgotten, Collection<Orphan> added) throws IOException {
        if (forgotten.isEmpty() && added.isEmpty()) {
            return;
        }
        Map<String, Orphan> now = read(storage);
        Map<String, Orphan> next = new TreeMap<>(now);
        next.keySet().removeAll(forgotten);
        added.forEach(orphan -> next.put(orphan.file(), orphan));
        if (!next.equals(now)) {
            StoredText.write(storage, FILE, GSON.toJson(new Notes(List.copyOf(next.values()))));
        }
    }
}
