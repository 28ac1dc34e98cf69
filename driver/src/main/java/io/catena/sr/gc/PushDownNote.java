package io.catena.sr.gc;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import io.catena.op.OfflineAccess;
import io.catena.sr.gc.plan.GcStep;
import io.catena.sr.live.ChangedMeanwhileException;
import io.catena.sr.tree.Node;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import io.catena.vhd.ChainFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How far a push down got: the file {@code .catena/push-down/<id of the uppermost node>.json}.
 *
 * @param nodes the nodes that are pushed down, the uppermost first, and how they looked before anything was copied
 * @param parent the name of the file that gets their data
 * @param parentId the unique id in its footer; null if it is raw
 * @param parentLook how it looked after it was closed; null while it may be written
 * @param nextByte the byte of the disk up to which the parent holds all that the nodes hold, durably
 */
record PushDownNote(
        List<Look> nodes,
        String parent,
        @Nullable UUID parentId,
        @Nullable Look parentLook,
        long nextByte) {
    private static final String JSON = ".json";
    private static final Gson GSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    PushDownNote {
        nodes = List.copyOf(nodes);
        Objects.requireNonNull(parent, "parent");
        if (nodes.isEmpty() || nextByte < 0) {
            throw new IllegalArgumentException(nodes + " up to byte " + nextByte);
        }
    }

    /**
     * What tells whether a file was changed: see {@link Storage.Stamp}. Which file it is may change with a start of the host,
     * for its devices get other numbers; so that is left out.
     */
    record Look(String name, long sizeBytes, long modifiedNanos, long changedNanos) {
        Look {
            Objects.requireNonNull(name, "name");
        }

        static Look of(String name, Storage.Stamp stamp) {
            return new Look(name, stamp.sizeBytes(), stamp.modifiedNanos(), stamp.changedNanos());
        }

        boolean isStill(Map<String, Storage.Stamp> stamps) {
            Storage.Stamp now = stamps.get(name);
            return now != null && equals(of(name, now));
        }
    }

    /** Returns where the note of a step is. */
    static String file(GcStep step) {
        return OfflineAccess.PUSH_DOWNS + "/" + step.node().id() + JSON;
    }

    /** Returns where all notes are. */
    static Set<String> files(Storage storage) throws IOException {
        Set<String> files = new TreeSet<>(storage.list(OfflineAccess.PUSH_DOWNS));
        files.removeIf(StoredText::isBeingWritten);
        return files;
    }

    /** Returns the note of a push down that begins. */
    static PushDownNote begun(Storage storage, GcStep step) throws IOException {
        Map<String, Storage.Stamp> stamps = storage.stamps("");
        List<Look> looks = new ArrayList<>();
        for (Node node : step.pushed()) {
            looks.add(look(stamps, node.name()));
        }
        String parent = step.lower().name();
        return new PushDownNote(looks, parent, id(storage, parent), null, 0);
    }

    private static Look look(Map<String, Storage.Stamp> stamps, String name) throws IOException {
        Storage.Stamp stamp = stamps.get(name);
        if (stamp == null) {
            throw new ChangedMeanwhileException(name + " is gone");
        }
        return Look.of(name, stamp);
    }

    private static @Nullable UUID id(Storage storage, String name) throws IOException {
        return ChainFile.read(storage, name).uniqueId().orElse(null);
    }

    /** Reads a note; empty if there is none, or none that can be read: then the work is done anew, nothing is lost. */
    static Optional<PushDownNote> read(Storage storage, String file) {
        try {
            return StoredText.read(storage, file).map(text -> GSON.fromJson(text, PushDownNote.class));
        } catch (IOException | RuntimeException e) {
            // Gson throws what it likes, and wraps what the record's constructor throws.
            return Optional.empty();
        }
    }

    /** Durable when this returns. */
    void write(Storage storage, String file) throws IOException {
        StoredText.write(storage, file, GSON.toJson(this));
    }

    /** Whether none of some files is one of those that this tells of. */
    boolean concernsNone(List<String> files) {
        return files.stream().noneMatch(names()::contains);
    }

    boolean isOf(GcStep step) {
        return step.parent() != null && names().equals(step.files());
    }

    private List<String> names() {
        List<String> names = new ArrayList<>(nodes.stream().map(Look::name).toList());
        names.add(parent);
        return names;
    }

    /** Whether the parent was closed since. */
    boolean isAtRest() {
        return parentLook != null;
    }

    /** Whether no file was changed since, as far as this tells how they looked. */
    boolean holds(Storage storage) {
        try {
            Map<String, Storage.Stamp> stamps = storage.stamps("");
            boolean looksTheSame = parentLook == null || parentLook.isStill(stamps);
            return looksTheSame
                    && nodes.stream().allMatch(look -> look.isStill(stamps))
                    && Objects.equals(parentId, id(storage, parent));
        } catch (IOException e) {
            // What cannot be looked at cannot be relied on.
            return false;
        }
    }

    PushDownNote reached(long offset) {
        return new PushDownNote(nodes, parent, parentId, null, offset);
    }

    PushDownNote beingCarriedOn() {
        return reached(nextByte);
    }

    PushDownNote atRest(Storage storage) throws IOException {
        return new PushDownNote(nodes, parent, parentId, look(storage.stamps(""), parent), nextByte);
    }
}
