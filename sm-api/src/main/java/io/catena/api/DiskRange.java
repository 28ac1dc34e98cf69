package io.catena.api;

/**
 * A part of a disk.
 *
 * @param offset in bytes, a multiple of 512
 * @param lengthBytes a multiple of 512, more than 0
 */
public record DiskRange(long offset, long lengthBytes) {
    /** Returns where it ends, in bytes. */
    public long end() {
        return offset + lengthBytes;
    }
}
