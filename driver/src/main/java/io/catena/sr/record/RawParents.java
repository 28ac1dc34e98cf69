package io.catena.sr.record;

import io.catena.api.VdiId;
import io.catena.store.Storage;
import java.io.IOException;

/**
 * Which raw files other files may build on. A raw file has no id that its child could name, so a child could name any, and show
 * a disk that is not its own. A raw file serves as a parent only if its record says that it is a base copy, or if a note says
 * that it is one for others: that is written when a directory of another manager is adopted, and when somebody decides.
 */
public final class RawParents {
    private final Storage storage;

    public RawParents(Storage storage) {
        this.storage = storage;
    }

    public boolean isAllowed(VdiId raw) throws IOException {
        return new VdiRecords(storage).get(raw, "").isBaseCopy() || storage.exists(SrFiles.rawParent(raw));
    }

    /** Notes that others may build on a raw file; durable with the next sync of the names. */
    public void allow(VdiId raw) throws IOException {
        if (!isAllowed(raw)) {
            storage.create(SrFiles.rawParent(raw)).close();
        }
    }
}
