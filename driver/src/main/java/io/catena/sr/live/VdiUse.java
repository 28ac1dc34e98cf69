package io.catena.sr.live;

import io.catena.api.AccessMode;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;

/**
 * Refuses what must not be done to a disk while others use it.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class VdiUse {
    private final Attachments attachments;
    private final Holds holds;

    public VdiUse(Attachments attachments, Holds holds) {
        this.attachments = attachments;
        this.holds = holds;
    }

    /** Throws if a disk is attached, or is being copied. */
    public void checkDetached(VdiId id) {
        checkNotRead(id);
        if (!holds.of(id).isEmpty()) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + id + " is " + holds.text(id))
                    .correction("Detach it first: ", Remedy.of(Verb.VDI_DETACH, id));
        }
    }

    /** Whether a disk is being copied, or an import builds on it. */
    public boolean isRead(VdiId id) {
        return attachments.isRead(id);
    }

    /** Throws if a disk is being copied. */
    public void checkNotRead(VdiId id) {
        if (attachments.isRead(id)) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + id + " is being copied, or an import builds on it")
                    .correction("Wait until that has ended; a job can be cancelled: ", Remedy.of(Verb.JOB_LS));
        }
    }

    /** Throws if a disk is active for writing. */
    public void checkNotWritten(VdiId id) {
        if (isWritten(id)) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + id + " is active rw, and changes while it is copied")
                    .correction("Take a snapshot and copy that: ", Remedy.of(Verb.VDI_SNAPSHOT, id));
        }
    }

    /** Whether a disk is active for writing. */
    public boolean isWritten(VdiId id) {
        return attachments
                .get(id)
                .filter(a -> a.mode() == AccessMode.READ_WRITE)
                .isPresent();
    }
}
