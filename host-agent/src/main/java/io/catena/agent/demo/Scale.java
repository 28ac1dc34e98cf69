package io.catena.agent.demo;

/**
 * How much a tour writes, and where on its disk.
 *
 * @param imageBytes of the image at the start of the disk, at most
 * @param records the region that the writer fills
 * @param changeOffset where the disk is changed after its first snapshot
 */
public record Scale(long diskBytes, long imageBytes, Records records, long changeOffset, int changeBytes) {
    /** A few seconds' work. */
    public static final Scale DEFAULT =
            new Scale(256 << 20, 64 << 20, new Records(64 << 20, 8192), 128 << 20, 32 << 20);

    /** Enough to see that it works. */
    public static final Scale SMALL = new Scale(32 << 20, 8 << 20, new Records(8 << 20, 512), 16 << 20, 4 << 20);
}
