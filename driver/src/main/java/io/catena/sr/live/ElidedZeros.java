package io.catena.sr.live;

import io.catena.api.Uuids;
import io.catena.api.VdiId;
import io.catena.sr.record.SrFiles;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import java.io.IOException;
import java.util.List;

/**
 * Remembers which disks may have left out zeros: nobody can tell those from sectors that were never written, so such a disk
 * must not be put upon another.
 *
 * <p>That is a file of its own, not part of the disk's record: it is written while a guest's request waits, when the record
 * may be in use.
 *
 * <p>Nor is it written in the SR's turn, so a repair may come between. It leaves the note alone, and what of it is half-written; and
 * whoever took that away would only have the renaming fail, by which no zero is left out. The note goes with the disk alone, which
 * nobody uses then.
 *
 * <p><b>Threads.</b> Safe for use by many threads; the SR's tree lock is not needed.
 */
public final class ElidedZeros {
    private final Storage storage;

    public ElidedZeros(Storage storage) {
        this.storage = storage;
    }

    /** Returns the ids of all disks of which there is a note. */
    public List<VdiId> ids() throws IOException {
        return storage.list(SrFiles.VDI_RECORDS).stream()
                .filter(SrFiles::isElidedZeros)
                .map(SrFiles::stem)
                .map(stem -> stem.substring(stem.lastIndexOf('/') + 1))
                .filter(Uuids::isUuid)
                .map(VdiId::parse)
                .toList();
    }

    public boolean mayBeIn(VdiId vdi) throws IOException {
        return storage.exists(SrFiles.elidedZeros(vdi));
    }

    /** Notes that a disk is about to leave out zeros; durable when this returns. */
    void note(VdiId vdi) throws IOException {
        StoredText.write(storage, SrFiles.elidedZeros(vdi), "");
    }

    /** Returns what decides for a disk that becomes active. */
    public LeafZeros of(VdiId vdi, boolean kept) throws IOException {
        return new LeafZeros(() -> note(vdi), vdi, mayBeIn(vdi), kept);
    }
}
