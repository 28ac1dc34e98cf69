package io.catena.sr.open;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.store.Storage;
import java.io.IOException;

/**
 * The room that something new may fill, whose size is not known before: it ends before the file system is full, since guests need
 * the rest. For one thread at a time.
 */
public final class FreeRoom {
    /** As much as merging leaves by default, too. */
    static final long RESERVE_BYTES = 64L << 20;

    /** How much is filled between two looks. */
    static final long LOOK_BYTES = 16L << 20;

    private final Storage storage;
    private final SrSettings settings;
    private long filledBytes;

    FreeRoom(Storage storage, SrSettings settings) {
        this.storage = storage;
        this.settings = settings;
    }

    /**
     * Takes room, which is filled next.
     *
     * @throws SrException SR_NO_SPACE if too little would be left for others
     */
    public void take(long bytes) throws IOException {
        filledBytes += bytes;
        if (filledBytes < LOOK_BYTES) {
            return;
        }
        filledBytes = 0;
        long least = Math.max(RESERVE_BYTES, settings.now().allLimits().minFreeBytes());
        long free = storage.space().freeBytes();
        if (free < least) {
            throw new SrException(
                            SrError.SR_NO_SPACE,
                            "Only " + free + " bytes are free in SR " + settings.name() + ", and " + least
                                    + " are left to the disks that are there")
                    .correction("Delete disks or snapshots, then collect: ", Remedy.of(Verb.GC_RUN, settings.id()));
        }
    }
}
