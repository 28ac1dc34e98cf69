package io.catena.tool;

import io.catena.disk.BlockDevice;
import java.io.IOException;

/** Bounds of a disk. */
final class Range {
    private Range() {}

    /**
     * Makes sure that a piece lies within the disk.
     *
     * @throws IOException if it does not
     */
    static void check(BlockDevice disk, long offset, long length) throws IOException {
        if (offset < 0 || length < 0 || offset > disk.sizeBytes() - length) {
            throw new IOException(length + " bytes at byte " + offset + " do not lie within the disk of "
                    + disk.sizeBytes() + " bytes");
        }
    }
}
