package io.catena.sr;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import io.catena.api.VdiId;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The records of an SR's VDIs: a small file each. A VDI without a record, one that another manager made, gets an empty
 * one; so does one whose record is damaged, since the nodes are what counts.
 */
final class VdiRecords {
    private static final Logger LOG = System.getLogger(VdiRecords.class.getName());
    private static final Gson GSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    private final Storage storage;
    private final Map<VdiId, VdiRecord> read = new ConcurrentHashMap<>();

    VdiRecords(Storage storage) {
        this.storage = storage;
    }

    /** Returns a VDI's record; a VDI without one is called {@code defaultName}. */
    VdiRecord get(VdiId id, String defaultName) {
        return read.computeIfAbsent(id, i -> load(i, defaultName));
    }

    /** Returns a record as it stands in its file. */
    static String encode(VdiRecord record) {
        return GSON.toJson(record);
    }

    void write(VdiId id, VdiRecord record) throws IOException {
        StoredText.write(storage, SrFiles.vdiRecord(id), encode(record));
        read.put(id, record);
    }

    /** Deletes a record; durable after the next sync of the names. */
    void delete(VdiId id) throws IOException {
        read.remove(id);
        storage.delete(SrFiles.vdiRecord(id));
    }

    /** Forgets what was read, since files may have changed. */
    void forget() {
        read.clear();
    }

    private VdiRecord load(VdiId id, String defaultName) {
        VdiRecord none = new VdiRecord(defaultName, "", null, null);
        try {
            @Nullable
            VdiRecord found = StoredText.read(storage, SrFiles.vdiRecord(id))
                    .map(text -> GSON.fromJson(text, VdiRecord.class))
                    .orElse(none);
            return found == null ? none : found;
        } catch (IOException | RuntimeException e) {
            // Gson wraps what the record's constructor throws.
            LOG.log(Level.WARNING, "event=record-unreadable vdi=" + id + " cause=\"" + e.getMessage() + "\"");
            return none;
        }
    }
}
