package io.catena.agent.mirror;

import io.catena.disk.BlockDevice;
import io.catena.disk.Extent;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Copies a range of a disk, data as data and holes as zeros. */
final class PieceCopy {
    static final int PIECE_BYTES = 512 << 10;

    /** Of a copy that may hold anything. */
    static final State NOTHING_KNOWN = new State() {
        @Override
        public boolean isZero(Parts.Range range) {
            return false;
        }

        @Override
        public void sends(Parts.Range range) {}
    };

    private PieceCopy() {}

    /** What is known of the copy. */
    interface State {
        /** Whether the copy shows zeros there. */
        boolean isZero(Parts.Range range);

        /** Data is about to be sent. */
        void sends(Parts.Range range);
    }

    /**
     * Copies a range; what is behind the end of the disk does not count.
     *
     * @throws IOException from whichever of both
     */
    static void copy(BlockDevice from, Link to, Parts.Range range, State state) throws IOException {
        long end = Math.min(from.sizeBytes(), range.offset() + range.lengthBytes());
        ByteBuffer piece = null;
        for (long at = range.offset(); at < end; ) {
            Extent extent = from.extent(at, end - at);
            Parts.Range part = new Parts.Range(at, Math.min(end - at, extent.lengthBytes()));
            if (extent.allocated()) {
                part = new Parts.Range(at, Math.min(part.lengthBytes(), PIECE_BYTES));
                piece = piece == null ? ByteBuffer.allocateDirect(PIECE_BYTES) : piece;
                from.read(at, piece.clear().limit((int) part.lengthBytes()));
                state.sends(part);
                to.write(at, piece.flip());
            } else if (!state.isZero(part)) {
                to.writeZeroes(at, part.lengthBytes(), true);
            }
            at += part.lengthBytes();
        }
    }
}
