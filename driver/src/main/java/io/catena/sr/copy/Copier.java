package io.catena.sr.copy;

import io.catena.api.JobControl;
import io.catena.api.Vdi;
import io.catena.api.VdiImport;
import io.catena.disk.LiveDisk;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Copies what a disk's chain holds into an empty disk; blocks of zeros take no space in the copy. */
final class Copier {
    private static final int PIECE_BYTES = 2 << 20;
    private static final ByteBuffer ZEROS = ByteBuffer.allocate(PIECE_BYTES).asReadOnlyBuffer();

    private final LiveDisk source;
    private final VdiImport target;
    private final JobControl control;

    Copier(LiveDisk source, VdiImport target, JobControl control) {
        this.source = source;
        this.target = target;
        this.control = control;
    }

    /** Copies everything and commits; returns the copy. */
    Vdi copy() throws IOException {
        control.phase("measuring");
        control.addTotal(presentBytes());
        control.phase("copying");
        ByteBuffer buffer = ByteBuffer.allocateDirect(PIECE_BYTES + 4096).alignedSlice(4096);
        for (long offset = 0; offset < source.sizeBytes(); ) {
            long run = source.run(offset, Math.min(PIECE_BYTES, source.sizeBytes() - offset));
            if (run > 0) {
                control.checkCancelled();
                source.read(offset, buffer.clear().limit((int) run));
                if (!isZero(buffer.flip())) {
                    target.write(offset, buffer);
                }
                control.done(run);
            }
            offset += Math.abs(run);
        }
        control.checkCancelled();
        return target.commit();
    }

    private static boolean isZero(ByteBuffer bytes) {
        return bytes.mismatch(ZEROS.duplicate().limit(bytes.remaining())) < 0;
    }

    private long presentBytes() throws IOException {
        long present = 0;
        for (long offset = 0; offset < source.sizeBytes(); ) {
            control.checkCancelled();
            long run = source.run(offset, Math.min(1L << 30, source.sizeBytes() - offset));
            present += Math.max(0, run);
            offset += Math.abs(run);
        }
        return present;
    }
}
