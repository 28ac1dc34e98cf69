package io.catena.sr.gc;

import io.catena.api.JobControl;
import io.catena.sr.live.NodeRow;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.SectorCopier;
import io.catena.vhd.SyncPace;
import java.io.IOException;
import java.util.List;

/**
 * Copies the sectors that base copies hold into the parent of the lowest. Nobody can see it: who reads the parent comes from
 * the base copies, and finds these sectors there first. So it can be interrupted at any moment and leaves nothing to undo.
 */
public final class PushDown {
    /** So much is copied at a time while guests work. */
    private static final int SMALL_PIECE_BYTES = 256 << 10;

    private final Storage storage;
    private final JobControl control;
    private final SectorCopier copier = new SectorCopier();

    /** Copies between files of {@code storage}. */
    public PushDown(Storage storage, JobControl control) {
        this.storage = storage;
        this.control = control;
    }

    /** Returns what was copied so far, and how. */
    SectorCopier copied() {
        return copier;
    }

    /**
     * Copies everything that one node holds; durable when this returns. Returns the number of bytes copied.
     *
     * @param parentStorage where the parent is, under its name there
     */
    public long copy(ChainFile node, Storage parentStorage, ChainFile parent) throws IOException {
        return copy(List.of(node), parentStorage, parent);
    }

    /** As above, of nodes in a row, each the parent of the one before. */
    public long copy(List<ChainFile> nodes, Storage parentStorage, ChainFile parent) throws IOException {
        return copy(nodes, parentStorage, parent, 0, Milestones.NONE);
    }

    /** Who remembers how far it got, for when it is interrupted. */
    interface Milestones {
        Milestones NONE = new Milestones() {
            @Override
            public boolean isDue(boolean guestsWork) {
                return false;
            }

            @Override
            public void reached(long offset) {}
        };

        /** Whether it is time to make durable what was copied, which guests may notice. */
        boolean isDue(boolean guestsWork);

        /** Is told the byte of the disk up to which all was copied, durably. */
        void reached(long offset);
    }

    /**
     * Copies what nodes in a row hold, each the parent of the one before.
     *
     * @param from the byte of the disk up to which all was copied before
     * @param milestones is told now and then how far this got, and if it is to stop before the end of the disk
     */
    long copy(List<ChainFile> nodes, Storage parentStorage, ChainFile parent, long from, Milestones milestones)
            throws IOException {
        try (NodeRow source = NodeRow.open(storage, nodes);
                Layer target = parent.openWritable(parentStorage, null)) {
            long total = source.presentBytes(from);
            control.addTotal(total);
            copy(source, target, from, milestones);
            target.flush();
            return total;
        }
    }

    private void copy(NodeRow source, Layer target, long from, Milestones milestones) throws IOException {
        long offset = from;
        SyncPace pace = new SyncPace(copier, target::syncData);
        try {
            while (offset < source.sizeBytes()) {
                NodeRow.Run run = source.run(offset, pieceBytes(source, offset));
                if (run.layer() != null) {
                    control.checkCancelled();
                    copier.copy(run.layer(), target, offset, (int) run.bytes());
                    if (control.guestsWork()) {
                        copier.writeOut(target, offset, run.bytes());
                    }
                    pace.copied();
                    control.done(run.bytes());
                }
                offset += run.bytes();
                if (run.layer() != null) {
                    if (milestones.isDue(control.guestsWork())) {
                        mark(target, offset, milestones);
                    }
                    control.giveWay();
                }
            }
        } catch (RuntimeException e) {
            mark(target, offset, milestones);
            throw e;
        }
    }

    /** In this order: a power cut must not leave a note of what is not there. */
    private static void mark(Layer target, long offset, Milestones milestones) throws IOException {
        target.flush();
        milestones.reached(offset);
    }

    /** Pieces end with blocks, so that whole ones can be shared. */
    private long pieceBytes(NodeRow source, long offset) {
        boolean small = control.guestsWork() && copier.sharedBytes() == 0;
        long unit = small ? SMALL_PIECE_BYTES : SectorCopier.MOST_BYTES;
        return Math.min(unit - offset % unit, source.sizeBytes() - offset);
    }
}
