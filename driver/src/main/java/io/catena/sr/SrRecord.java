package io.catena.sr;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import io.catena.api.SrId;
import io.catena.api.Uuids;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import java.io.IOException;
import java.util.Optional;

/**
 * What an SR says of itself.
 *
 * @param id a UUID
 * @param chainLimit number of nodes that a chain may have
 */
record SrRecord(String id, String name, int chainLimit) {
    /** What XenServer's own tools bear. */
    static final int SHARED_CHAIN_LIMIT = 30;

    static final int OWN_CHAIN_LIMIT = 255;

    private static final Gson GSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    SrId srId() {
        return SrId.parse(id);
    }

    void write(Storage storage) throws IOException {
        StoredText.write(storage, SrFiles.SR_RECORD, GSON.toJson(this));
    }

    /** Reads an SR's record; empty if the directory has none yet. */
    static Optional<SrRecord> read(Storage storage) throws IOException {
        Optional<String> text = StoredText.read(storage, SrFiles.SR_RECORD);
        return text.isEmpty() ? Optional.empty() : Optional.of(decode(text.get()));
    }

    private static SrRecord decode(String text) throws IOException {
        try {
            SrRecord record = GSON.fromJson(text, SrRecord.class);
            if (record != null
                    && record.id != null
                    && Uuids.isUuid(record.id)
                    && record.name != null
                    && record.chainLimit > 0) {
                return record;
            }
        } catch (RuntimeException e) {
            // Gson throws what it likes.
            throw new IOException(SrFiles.SR_RECORD + " is damaged: " + e.getMessage(), e);
        }
        throw new IOException(SrFiles.SR_RECORD + " lacks id, name or chainLimit: " + text);
    }
}
