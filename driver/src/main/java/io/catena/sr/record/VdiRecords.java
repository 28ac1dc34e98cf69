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
    private final RecordSizes sizes = new RecordSizes();

    /** The disks whose records are too large to be kept in memory, and why. */
    private final Map<VdiId, String> leftOut = new ConcurrentHashMap<>();

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

    /**
     * Replaces a record; durable when this returns.
     *
     * @throws IOException also if the one that is there was left out: what it says must not be lost
     */
    public void write(VdiId id, VdiRecord record) throws IOException {
        String reason = leftOut.get(id);
        if (reason != null) {
            throw new IOException(SrFiles.vdiRecord(id) + " is not replaced, since it was not read: " + reason);
        }
        String text = record.encode();
        StoredText.write(storage, SrFiles.vdiRecord(id), text);
        if (sizes.fits(id, text.length())) {
            read.put(id, record);
        } else {
            read.remove(id);
        }
    }

    /** To be called before the content of a disk changes: it is not what some stream held any more. */
    public void contentChanges(VdiId id, VdiRecord record) throws IOException {
        if (record.origin() != null) {
            write(id, record.withOrigin(null));
        }
    }

    /** Deletes a record, and the notes beside it; durable after the next sync of the names. */
    public void delete(VdiId id) throws IOException {
        forget(id);
        for (String file : SrFiles.recordsOf(id)) {
            storage.delete(file);
        }
    }

    /** Forgets the records in these files, which may have changed. */
    public void forget(Collection<String> files) {
        for (String file : files) {
            String stem = SrFiles.stem(file.substring(file.lastIndexOf('/') + 1));
            if (Uuids.isUuid(stem)) {
                forget(VdiId.parse(stem));
            }
        }
    }

    private void forget(VdiId id) {
        read.remove(id);
        leftOut.remove(id);
        sizes.forget(id);
    }

    /** Forgets what was read, since files may have changed. */
    public void forget() {
        read.clear();
        leftOut.clear();
        sizes.forgetAll();
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
        return StoredText.readSmall(storage, SrFiles.vdiRecord(id)).flatMap(VdiRecords::decode);
    }

    private static Optional<VdiRecord> decode(String text) {
        return Optional.ofNullable(VdiRecord.decode(text))
                .filter(found -> found.name() != null && found.description() != null);
    }

    private VdiRecord load(VdiId id, String defaultName) {
        VdiRecord none = VdiRecord.unknown(defaultName);
        try {
            Optional<String> text = StoredText.readSmall(storage, SrFiles.vdiRecord(id));
            if (text.isPresent() && !sizes.fits(id, text.get().length())) {
                leaveOut(id, "the records of the SR's disks are too large together");
                return none;
            }
            return text.flatMap(VdiRecords::decode).orElse(none);
        } catch (StoredText.TooLargeException e) {
            leaveOut(id, String.valueOf(e.getMessage()));
            return none;
        } catch (IOException | RuntimeException e) {
            // Gson wraps what the record's constructor throws.
            LOG.log(Level.WARNING, LogLine.of("record-unreadable", "vdi", id, "cause", e.getMessage()));
            return none;
        }
    }

    private void leaveOut(VdiId id, String reason) {
        leftOut.put(id, reason);
        LOG.log(Level.WARNING, LogLine.of("record-left-out", "vdi", id, "cause", reason));
    }
}
