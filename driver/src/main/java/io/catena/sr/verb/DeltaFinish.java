package io.catena.sr.verb;

import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.sr.live.DiskReader;
import io.catena.sr.open.OpenSr;
import io.catena.sr.upload.UploadKeeper;
import java.io.IOException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How an import of changes ends: the disk is made as a clone of its base, of a file that holds the changes already.
 *
 * <ol>
 *   <li>The file lies, whole and durable, under a temporary name. Whatever breaks off up to here leaves only that, and the next
 *       attach deletes it, or somebody goes on with it.
 *   <li>Delete what tells of an upload: nobody may go on with a file that an interrupted operation needs. That this is durable
 *       follows from the next step but one, whose intent is.
 *   <li>Let the base go, which nobody could write meanwhile.
 *   <li>Link the file to the node that a clone of the base would build on, see {@link CutPreparation}, and go on as a clone
 *       does: see {@link SnapshotTaker}.
 * </ol>
 */
final class DeltaFinish implements Import.Finish {
    private final OpenSr sr;
    private final VdiCutter cutter;
    private final NewVdi vdi;
    private final @Nullable UUID origin;
    private final VdiId base;
    private final String prepared;
    private final @Nullable UploadKeeper keeper;

    /** Null when the base was let go; used under the SR's tree lock. */
    private @Nullable DiskReader reader;

    private boolean handedOver;

    DeltaFinish(
            OpenSr sr,
            VdiCutter cutter,
            NewVdi vdi,
            @Nullable UUID origin,
            VdiId base,
            DiskReader reader,
            String prepared,
            @Nullable UploadKeeper keeper) {
        this.sr = sr;
        this.cutter = cutter;
        this.vdi = vdi;
        this.origin = origin;
        this.base = base;
        this.reader = reader;
        this.prepared = prepared;
        this.keeper = keeper;
    }

    @Override
    public Vdi commit() throws IOException {
        try {
            if (keeper != null) {
                keeper.forget();
            }
            sr.tree.change(() -> {
                letGo();
                CutRequest request = cutter.request(base, vdi, origin, prepared);
                handedOver = true;
                cutter.make(request);
                return vdi;
            });
        } catch (IOException | RuntimeException e) {
            giveUp(e);
            throw e;
        }
        return sr.looks.vdi(vdi.id());
    }

    /** Not what an operation may still need that is completed later. */
    private void giveUp(Exception reason) {
        try {
            if (!handedOver) {
                discard();
            }
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    private void letGo() throws IOException {
        DiskReader open = reader;
        if (open != null) {
            reader = null;
            sr.attachments.closeReader(open);
        }
    }

    /** Until somebody goes on with it the base is as free as others are. */
    @Override
    public void leave() throws IOException {
        sr.tree.lockedIo(() -> {
            letGo();
            return prepared;
        });
    }

    @Override
    public void discard() throws IOException {
        leave();
        sr.storage.delete(prepared);
    }
}
