package io.catena.tool;

import io.catena.op.OfflineAccess;
import io.catena.op.rewrite.Resize;
import io.catena.store.Storage;
import io.catena.vhd.VhdHeaders;
import java.io.Closeable;
import java.io.IOException;

/** Changes the size of a disk that nobody has open; loses no data unless forced. See {@link Resize}. */
public final class VhdResize {
    private final Storage storage;
    private final String name;
    private final Resize resize;

    /**
     * @param name on {@code storage}; its journal stands beside it
     */
    public VhdResize(Storage storage, String name) {
        this.storage = storage;
        this.name = name;
        this.resize = new Resize(storage, name);
    }

    /**
     * Completes a resize, or another rewrite of the headers, that was interrupted.
     *
     * @return whether there was one
     * @throws io.catena.store.StorageLockedException if the directory is an SR that an agent uses
     */
    public boolean complete() throws IOException {
        Closeable access = OfflineAccess.take(storage);
        try (access) {
            return resize.complete();
        }
    }

    /**
     * Gives the disk a new size, rounded up to whole blocks, or to sectors if it is a fixed one. What is added reads as
     * zeros. Durable when this returns.
     *
     * @param force whether the disk may shrink though data stands in the part that goes, or grow though a larger parent
     *     holds data that would show
     * @return the size it has now, in bytes
     * @throws io.catena.store.StorageLockedException if the directory is an SR that an agent uses
     * @throws IOException also if the size is impossible, or data would be lost
     */
    public long resize(long sizeBytes, boolean force) throws IOException {
        Closeable access = OfflineAccess.take(storage);
        try (access) {
            return resizeAlone(sizeBytes, force);
        }
    }

    /** As {@link #resize}, for those who have access to the directory already. */
    long resizeAlone(long sizeBytes, boolean force) throws IOException {
        return resize.resize(sizeBytes, (headers, before, after) -> {
            if (!force) {
                checkContent(headers, before, after);
            }
        });
    }

    private void checkContent(VhdHeaders headers, long before, long after) throws IOException {
        DataBeyond data = new DataBeyond(storage, name);
        if (after < before) {
            data.refuseToCut(after, before);
        } else if (headers.isDifferencing()) {
            data.refuseToShow(before, after);
        }
    }
}
