package io.catena.sr;

import io.catena.api.JobControl;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Copies the sectors that a base copy holds into its parent. Nobody can see it: who reads the parent comes from the base
 * copy, and finds these sectors there first. So it can be interrupted at any moment and leaves nothing to undo.
 */
public final class PushDown {
    private static final int PIECE_BYTES = 2 << 20;

    private final Storage storage;
    private final JobControl control;

    /** Copies between files of {@code storage}. */
    public PushDown(Storage storage, JobControl control) {
        this.storage = storage;
        this.control = control;
    }

    /** Copies everything; durable when this returns. Returns the number of bytes copied. */
    long copy(ChainFile node, ChainFile parent) throws IOException {
        return copy(node, storage, parent);
    }

    /**
     * As {@link #copy(ChainFile, ChainFile)}, with the parent in another place.
     *
     * @param parentStorage where the parent is, under its name there
     */
    public long copy(ChainFile node, Storage parentStorage, ChainFile parent) throws IOException {
        try (Layer source = node.openReadOnly(storage);
                Layer target = parent.openWritable(parentStorage, null)) {
            long total = presentBytes(source);
            control.addTotal(total);
            copy(source, target);
            target.flush();
            return total;
        }
    }

    private void copy(Layer source, Layer target) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(PIECE_BYTES + 4096).alignedSlice(4096);
        long offset = 0;
        while (offset < source.sizeBytes()) {
            long run = source.run(offset, Math.min(PIECE_BYTES, source.sizeBytes() - offset));
            if (run > 0) {
                control.checkCancelled();
                buffer.clear().limit((int) run);
                source.read(offset, buffer);
                target.write(offset, buffer.flip());
                control.done(run);
            }
            offset += Math.abs(run);
        }
    }

    /** Returns how many bytes of the disk are present in a layer. */
    static long presentBytes(Layer source) throws IOException {
        long present = 0;
        long offset = 0;
        while (offset < source.sizeBytes()) {
            long run = source.run(offset, source.sizeBytes() - offset);
            present += Math.max(0, run);
            offset += Math.abs(run);
        }
        return present;
    }
}
