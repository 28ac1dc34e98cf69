package io.catena.op;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import io.catena.vhd.PendingRewrite;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Holds the one operation that is under way: a redo journal. An SR's operations run one after another, so one place is
 * enough.
 *
 * <p>The record is durable before the operation's first step, and what the operation needs (prepared files) must be
 * durable before the record.
 */
public final class Journal {
    /** Where the record stands. */
    public static final String FILE = ".catena/journal/operation.json";

    private static final Gson GSON = new GsonBuilder().create();
    private static final String KIND = "operation";
    private static final int SHOWN_CHARS = 200;

    private final Storage storage;
    private final String name;

    /** The file that all records are about; null if they say themselves which. */
    private final @Nullable String file;

    /** What this has written, and not forgotten. */
    private @Nullable String recorded;

    /** The journal of an SR. */
    public Journal(Storage storage) {
        this(storage, FILE, null);
    }

    private Journal(Storage storage, String name, @Nullable String file) {
        this.storage = storage;
        this.name = name;
        this.file = file;
    }

    /** A journal for the rewriting of one file, beside which it stands, under whatever name both have by now. */
    public static Journal of(Storage storage, String file) {
        return new Journal(storage, PendingRewrite.journalOf(file), file);
    }

    /**
     * Makes {@code operation} bound to happen.
     *
     * @throws IOException also if another operation is recorded, which must be completed first
     */
    public void record(Operation operation) throws IOException {
        if (storage.exists(name)) {
            throw new IOException(name + " holds an operation that was not completed");
        }
        JsonObject json = GSON.toJsonTree(operation).getAsJsonObject();
        json.addProperty(KIND, operation.getClass().getSimpleName());
        recorded = GSON.toJson(json);
        StoredText.write(storage, name, recorded);
    }

    /** Forgets the operation: it has happened, durably. */
    public void forget() throws IOException {
        storage.delete(name);
        storage.syncNames();
        recorded = null;
    }

    /** Completes the operation that was interrupted, if any. Call before anything else reads the SR. */
    public Optional<Operation> recover() throws IOException {
        Optional<Operation> interrupted = interrupted(StoredText.read(storage, name));
        if (interrupted.isPresent()) {
            apply(interrupted.get());
            forget();
        }
        return interrupted;
    }

    /**
     * Returns what was recorded by this and not forgotten, if anything, for who completes it by other steps that do the same, since files
     * may be open that the operation changes. The record is durable when this returns; after the steps it is to be {@link #forget
     * forgotten}.
     *
     * @throws IOException also if another record is there: somebody put it there, and it is not followed
     */
    public Optional<Operation> interrupted() throws IOException {
        Optional<String> found = StoredText.read(storage, name);
        if (found.isPresent() && !found.get().equals(recorded)) {
            throw new IOException(name + " holds an operation that was not recorded here: " + beginning(found.get())
                    + ". Find out who else writes to the directory; then delete the file, or detach the SR and"
                    + " attach it again, which does that operation");
        }
        return interrupted(found);
    }

    private Optional<Operation> interrupted(Optional<String> text) throws IOException {
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Operation interrupted = decode(text.get());
        // Who recorded it may have died before the record's name was durable. Were it lost in a power cut now, steps
        // that survived would never be completed.
        storage.syncNames();
        checkNames(interrupted);
        return Optional.of(interrupted);
    }

    private void checkNames(Operation operation) throws IOException {
        try {
            if (file == null) {
                operation.checkNames();
            }
        } catch (IllegalArgumentException e) {
            throw damaged(e);
        }
    }

    private void apply(Operation operation) throws IOException {
        try {
            operation.apply(storage);
        } catch (IllegalArgumentException e) {
            throw damaged(e);
        }
    }

    /** Names that mean nothing in the storage are damage of the record. */
    private IOException damaged(IllegalArgumentException e) {
        return new IOException(name + " holds an operation that cannot be done: " + e.getMessage(), e);
    }

    /** Returns the operation that was interrupted, if any; {@link #recover} completes it. */
    public Optional<Operation> read() throws IOException {
        Optional<String> text = StoredText.read(storage, name);
        return text.isEmpty() ? Optional.empty() : Optional.of(decode(text.get()));
    }

    private Operation decode(String text) throws IOException {
        try {
            JsonObject json = JsonParser.parseString(text).getAsJsonObject();
            String kind = json.get(KIND).getAsString();
            if (file != null && kind.equals("Rewrite")) {
                return GSON.fromJson(json, Rewrite.class).of(file);
            }
            return switch (file == null ? kind : "") {
                case "Snapshot" -> GSON.fromJson(json, Snapshot.class);
                case "Rewrite" -> GSON.fromJson(json, Rewrite.class);
                case "Replace" -> GSON.fromJson(json, Replace.class);
                case "Relink" -> GSON.fromJson(json, Relink.class);
                case "Compose" -> GSON.fromJson(json, Compose.class);
                case "Remove" -> GSON.fromJson(json, Remove.class);
                case "Absorb" -> GSON.fromJson(json, Absorb.class);
                default ->
                    throw new IOException(name + " tells of an operation \"" + kind + "\" that does not belong here");
            };
        } catch (RuntimeException e) {
            // Gson throws what it likes, and wraps what the records' constructors throw.
            throw new IOException(name + " is not a journal record: " + beginning(text), e);
        }
    }

    private static String beginning(String text) {
        return text.length() <= SHOWN_CHARS ? text : text.substring(0, SHOWN_CHARS) + "...";
    }
}
