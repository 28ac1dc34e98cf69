package io.catena.sr.live;

import io.catena.api.VdiId;
import io.catena.disk.ZeroElision;
import io.catena.log.LogLine;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/**
 * Decides for one active disk: its zeros are kept while it is the target of a mirror, else left out.
 *
 * <p>Before the first zero of a disk is left out that is noted, durably. If it cannot be, the zero is kept.
 *
 * <p><b>Threads.</b> Safe for use by many threads. After {@link #keep} requests under way may have asked before.
 */
public final class LeafZeros implements ZeroElision {
    private static final Logger LOG = System.getLogger(LeafZeros.class.getName());

    private final Note note;
    private final VdiId vdi;
    private volatile boolean noted;
    private volatile boolean kept;

    /** Makes it known, durably, that zeros are about to be left out. */
    @FunctionalInterface
    interface Note {
        void write() throws IOException;
    }

    /**
     * @param noted whether it is noted already that the disk has left out zeros
     */
    LeafZeros(Note note, VdiId vdi, boolean noted, boolean kept) {
        this.note = note;
        this.vdi = vdi;
        this.noted = noted;
        this.kept = kept;
    }

    @Override
    public boolean mayElide() {
        return !kept && (noted || note());
    }

    private synchronized boolean note() {
        if (!noted) {
            try {
                note.write();
                noted = true;
            } catch (IOException e) {
                LOG.log(Level.WARNING, LogLine.of("zeros-kept", "vdi", vdi, "cause", e.getMessage()));
            }
        }
        return noted;
    }

    /** Whether zeros are to be kept from now on. */
    void keep(boolean wanted) {
        kept = wanted;
    }

    public boolean areKept() {
        return kept;
    }
}
