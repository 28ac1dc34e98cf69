package io.catena.sr.record;

import io.catena.api.Uuids;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The records of an SR's VDIs: a small file each. A VDI without a record, one that another manager made, gets an empty
 * one; so does one whose record is damaged, since the nodes are what counts.
 */
public final class VdiRecords {
    private static final Logger LOG = System.getLogger(VdiRecords.class.getName());
    private static final String END = ".json";

    private final Storage storage;
    private final Map<VdiId, VdiRecord> read = new ConcurrentHashMap<>();

    public VdiRecords(Storage storage) {
        this.storage = storage;
    }

    /** Returns a VDI's record; a VDI without one is called {@code defaultName}. */
    public VdiRecord get(VdiId id, String defaultName) {
        return read.computeIfAbsent(id, i -> load(i, defaultName));
    }

    /** Returns the ids of all records there are. */
    public List<VdiId> ids() throws IOException {
        return storage.list(SrFiles.VDI_RECORDS).stream()
                .filter(file -> file.endsWith(END))
                .map(file -> file.substring(file.lastIndexOf('/') + 1, file.length() - END.length()))
                .filter(Uuids::isUuid)
                .map(VdiId::parse)
                .toList();
    }

    /** Whether a record that is there can be read. */
    public boolean isReadable(VdiId id) {
        return readable(id).isPresent();
    }

    public void write(VdiId id, VdiRecord record) throws IOException {
        StoredText.write(storage, SrFiles.vdiRecord(id), record.encode());
        read.put(id, record);
    }

    /** To be called before the content of a disk changes: it is not what some stream held any more. */
    public void contentChanges(VdiId id, VdiRecord record) throws IOException {
        if (record.origin() != null) {
            write(id, record.withOrigin(null));
        }
    }

    /** Deletes a record, and the notes beside it; durable after the next sync of the names. */
    public void delete(VdiId id) throws IOException {
        read.remove(id);
        for (String file : SrFiles.recordsOf(id)) {
            storage.delete(file);
        }
    }

    /** Forgets the records in these files, which may have changed. */
    public void forget(Collection<String> files) {
        for (String file : files) {
            String stem = SrFiles.stem(file.substring(file.lastIndexOf('/') + 1));
            if (Uuids.isUuid(stem)) {
                read.remove(VdiId.parse(stem));
            }
        }
    }

    /** Forgets what was read, since files may have changed. */
    public void forget() {
        read.clear();
    }

    /** Returns a VDI's record as it stands in its file; empty if there is none that can be read. */
    public Optional<VdiRecord> readable(VdiId id) {
        try {
            return find(id);
        } catch (IOException | RuntimeException e) {
            return Optional.empty();
        }
    }

    private Optional<VdiRecord> find(VdiId id) throws IOException {
        return StoredText.readSmall(storage, SrFiles.vdiRecord(id))
                .map(VdiRecord::decode)
                .filter(found -> found.name() != null && found.description() != null);
    }

    private VdiRecord load(VdiId id, String defaultName) {
        VdiRecord none = VdiRecord.unknown(defaultName);
        try {
            return find(id).orElse(none);
        } catch (IOException | RuntimeException e) {
            // Gson wraps what the record's constructor throws.
            LOG.log(Level.WARNING, LogLine.of("record-unreadable", "vdi", id, "cause", e.getMessage()));
            return none;
        }
    }
}
